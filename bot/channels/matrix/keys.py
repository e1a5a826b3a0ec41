"""Keys towards others: who may read the bot's messages (trust), one-time keys on the server, sharing of room keys.

A device that gets no room key is told so (``Withheld``).

Trust (MSC4153 on the bot's side): a user's identity is pinned when first seen. Room keys go only to devices that this
identity has signed. Users without any identity get them if the settings allow it. A changed or vanished identity gets
none until an operator confirms it (``Pins``).
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterable
from time import monotonic
from uuid import uuid4

import structlog

from bot.channels.matrix.crypto import Crypto, Device
from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import BusyError, Json, MatrixError, RequestRefusedError, Server, part
from bot.channels.matrix.pins import CHANGED, REFUSED, SIGNED, Pins
from bot.channels.matrix.rooms import Room
from bot.channels.matrix.signing import chain, device_signed
from bot.channels.matrix.withheld import Withheld
from bot.channels.port import Alert
from knowledge_base.failpoints import reached

log = structlog.get_logger()

CLAIM_AGAIN_S = 600.0  # seconds before the bot asks a device without one-time keys again
CHANGES = 3  # attempts while a room's members change during one send
SMALL_ROOM = 12  # members; up to this size, device lists are fetched before every answer


async def only_log(code: str, *, subject: str = "", **values: str | int) -> None:
    """Do nothing: without a receiver of alerts, the log already has it."""


class Keys:
    """The key operations that need the server."""

    def __init__(self, server: Server, crypto: Crypto, folder: Folder, *, allow_unsigned: bool, alert: Alert) -> None:
        self._server = server
        self._crypto = crypto
        self._pins = Pins(folder)
        self._allow_unsigned = allow_unsigned
        self._alert = alert
        self._known: set[str] = set()  # users with up-to-date device lists
        self._masters: dict[str, str] = {}  # as the server shows them now
        self._alerted: set[tuple[str, str]] = set()  # changed identities that the admins were alerted to
        self._readers: dict[str, frozenset[tuple[str, str]]] = {}  # of the room key in use, by room
        self._claimed: dict[tuple[str, str], float] = {}
        self.withheld = Withheld(server, crypto)

    # --- own keys -------------------------------------------------------------------------------------------------

    async def upload(self, on_server: int, *, fallback: bool = False) -> None:
        """Fill up the one-time keys on the server; the first time, also upload the device's keys.

        ``fallback``: the fallback key was used and is replaced.
        """
        body = self._crypto.key_upload(on_server, fallback=fallback)
        if body is None:
            return
        reached("matrix.before_key_upload")
        try:
            answer = await self._server.post("v3", "keys", "upload", body=body)
        except RequestRefusedError as error:
            if "already exists" not in str(error.body.get("error", "")):
                raise
            log.error("matrix.key_ids_taken")  # noqa: TRY400 - repaired here
            self._crypto.drop_unpublished()
            return
        reached("matrix.after_key_upload")
        self._crypto.keys_uploaded(answer)

    # --- others' devices ------------------------------------------------------------------------------------------

    def own_identity(self, master: str) -> None:
        """Pin the bot's own identity, known from its seeds; the server must show the same one."""
        self._pins.pin(self._crypto.user_id, master)

    def changed(self, users: Iterable[str]) -> None:
        """Note that the devices of these users may have changed."""
        self._known.difference_update(users)

    def all_changed(self) -> None:
        """Note that the devices of all users may have changed."""
        self._known.clear()

    async def learn(self, users: Iterable[str], *, again: bool = False) -> None:
        """Fetch the devices of users that are not up to date (``again``: of all of them)."""
        wanted = [user for user in users if again or user not in self._known]
        if not wanted:
            return
        answer = await self._server.post(
            "v3", "keys", "query", body={"device_keys": {user: [] for user in wanted}, "timeout": 10_000}
        )
        for user in wanted:
            level = ""
            try:
                level = self._take_in(user, answer)
            except Exception as error:  # noqa: BLE001 - foreign data; it must not affect the other users
                log.warning("matrix.device_list_refused", user=user, error=type(error).__name__)
            if level != CHANGED:
                self._known.add(user)
            else:  # fetched again each time, until it is restored or an operator confirms it
                await self._tell(user)

    def _take_in(self, user: str, answer: Json) -> str:
        devices = part(part(answer, "device_keys"), user)
        whole = {name: keys for name, keys in devices.items() if isinstance(keys, dict)}
        master, self_signing = (part(answer, f"{kind}_keys").get(user) for kind in ("master", "self_signing"))
        public, signer = chain(user, master, self_signing)
        self._masters[user] = public
        with self._crypto.atomic():
            # nio removes the signatures from what it reads
            self._crypto.learn_devices(user, {name: dict(keys) for name, keys in whole.items()})
            level = self._pins.level(user, public, has_any=bool(master), allow_unsigned=self._allow_unsigned)
            self.withheld.note(user, level)
            for device in self._crypto.devices(user):
                self._crypto.trust(device, self._level(device, whole.get(device.id), level, user, signer))
        return level

    async def _tell(self, user: str) -> None:
        """Alert the admins to a changed identity, once; the id is quoted, because they will put it into a command."""
        changed = (user, self.master(user))
        if changed in self._alerted:
            return
        self._alerted.add(changed)
        quoted = shlex.quote(user)
        log.warning("matrix.identity_changed", user=user, remedy=f"stadtlotse confirm-identity {quoted}")
        subject = hashlib.sha256(user.encode()).hexdigest()[:16]  # the database keeps it longer than the message
        await self._alert("identity_changed", subject=subject, user=quoted)

    def session_names(self, user: str) -> list[str]:
        """Return the names of a user's sessions, as their clients gave them; empty for one without a name."""
        return [device.display_name or "" for device in self._crypto.devices(user)]

    def master(self, user: str) -> str:
        """Return the identity that the server shows for a user; empty if it is missing or broken."""
        return self._masters.get(user, "")

    @staticmethod
    def _level(device: Device, raw: Json | None, level: str, user: str, signer: str) -> str:
        if level != SIGNED:
            return level
        keys = (raw or {}).get("keys", {})
        same = keys.get(f"ed25519:{device.id}") == device.ed25519
        same = same and keys.get(f"curve25519:{device.id}") == device.curve25519
        return SIGNED if same and device_signed(raw, user, signer) else REFUSED

    # --- sessions and room keys -----------------------------------------------------------------------------------

    async def repair(self) -> None:
        """Start new sessions with devices that have a broken one, and send what the machine wants sent for it."""
        if wedged := self._crypto.wedged():
            await self._claim(wedged)
        for kind, user, device, content in self._crypto.take_outgoing():
            await self._to_device(kind, {user: {device: content}})

    async def encrypt(self, room: Room, kind: str, content: Json) -> Json:
        """Return the encrypted form of an event for the room; share its key first with every device that may have it.

        Raise ``MatrixError`` if that is not possible now; the next attempt starts again, and nothing stays half done.
        Call it for one event per room at a time.
        """
        for _ in range(CHANGES):  # users who join or leave meanwhile make another key necessary
            await self.learn(room.readers, again=len(room.readers) <= SMALL_ROOM)
            readers = self._crypto.readers(room.readers)
            if self._readers.get(room.id) != readers:  # a new device may read it, or a former one no longer may
                self._crypto.drop_room_key(room.id)
                self._readers[room.id] = readers
            await self._open_sessions(room.id, room.readers)
            if self._crypto.new_room_key_needed(room.id):
                await self._share(room)
            if not self._crypto.new_room_key_needed(room.id):
                with self._crypto.atomic():
                    encrypted = self._crypto.encrypt(room.id, kind, content)
                await self.withheld.tell(room, encrypted["session_id"])
                return encrypted
        raise BusyError("The room changes faster than its key can be shared.")

    async def _open_sessions(self, room_id: str, users: list[str]) -> None:
        now = monotonic()
        missing = {
            user: [d for d in devices if now - self._claimed.get((user, d), -CLAIM_AGAIN_S) >= CLAIM_AGAIN_S]
            for user, devices in self._crypto.missing_sessions(users).items()
        }
        if any(missing.values()):
            await self._claim({user: devices for user, devices in missing.items() if devices})
            self._crypto.drop_room_key(room_id)
            if without := [f"{user} {d}" for user, ds in self._crypto.missing_sessions(users).items() for d in ds]:
                log.warning("matrix.no_one_time_key", devices=without[:20], asked_again_s=CLAIM_AGAIN_S)

    async def _claim(self, devices: dict[str, list[str]]) -> None:
        wanted = {user: dict.fromkeys(ids, "signed_curve25519") for user, ids in devices.items()}
        answer = await self._server.post("v3", "keys", "claim", body={"one_time_keys": wanted, "timeout": 10_000})
        reached("matrix.keys_claimed")
        self._claimed |= {(user, device): monotonic() for user, ids in devices.items() for device in ids}
        with self._crypto.atomic():
            self._crypto.start_sessions(part(answer, "one_time_keys"))

    async def _share(self, room: Room) -> None:
        try:
            with self._crypto.atomic():
                messages = self._crypto.room_key_messages(room.id, room.readers, room.rotation)
            for part in messages:
                await self._to_device("m.room.encrypted", part)
                reached("matrix.room_key_part_sent")
        except MatrixError:
            self._crypto.drop_room_key(room.id)
            raise
        self._crypto.room_key_shared(room.id)

    async def _to_device(self, kind: str, messages: Json) -> None:
        await self._server.put("v3", "sendToDevice", kind, uuid4().hex, body={"messages": messages})
