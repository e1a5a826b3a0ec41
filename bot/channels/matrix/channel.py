"""The Matrix channel: its parts put together, kept running, and checked."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Collection, Sequence
from datetime import timedelta
from pathlib import Path

import structlog

from bot.channels.matrix.access import Access
from bot.channels.matrix.arrived import arrived, is_foreign, room_behind, trace_of
from bot.channels.matrix.batch import SyncReader
from bot.channels.matrix.checking import look
from bot.channels.matrix.crosssigning import CrossSigning, Seeds
from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.devices import OwnDevices
from bot.channels.matrix.discovery import address_of
from bot.channels.matrix.face import Face
from bot.channels.matrix.files import Folder
from bot.channels.matrix.handover import take, tidy
from bot.channels.matrix.http import BusyError, MatrixError, RequestRefusedError, Server
from bot.channels.matrix.invitations import Invitations
from bot.channels.matrix.keys import Keys, only_log
from bot.channels.matrix.login import Session, abandon, open_session, prove, signed_out
from bot.channels.matrix.meeting import Meetings
from bot.channels.matrix.normalise import NAME
from bot.channels.matrix.private_rooms import PrivateRooms
from bot.channels.matrix.rooms import is_admin, server_of
from bot.channels.matrix.sending import MatrixSender
from bot.channels.matrix.sync import Parts, Sync
from bot.channels.matrix.verification import Verifying
from bot.channels.port import Alert, ChannelEndedError, Lead, Listening, MovedError, Receive, TryLaterError
from bot.messages import Address, Outgoing
from bot.messages.readership import Readership, accounts_on
from config.matrix import MatrixSettings
from knowledge_base.errors import StoreError

log = structlog.get_logger()

FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 60.0


class MatrixChannel:
    """A channel as in ``bot.channels.port.Channel``: one account, one device, end-to-end encryption always on."""

    name = NAME
    exactly_once = True
    edits_in_place = True

    def __init__(
        self,
        settings: MatrixSettings,
        state_dir: Path,
        *,
        admins: Collection[str] = (),
        reset_identity: bool = False,
        stays: bool = False,
    ) -> None:
        """Take the settings; ``stays`` keeps the bot in rooms that it opened for others after they have joined."""
        self._settings = settings
        self._folder = Folder(state_dir / NAME)
        self._admins = accounts_on(NAME, admins)
        self._reset_identity = reset_identity
        self._stays = stays
        self._alert: Alert = only_log
        self._server = Server(settings.homeserver)
        self._session: Session | None = None
        self._parts: Parts | None = None
        self._private_rooms: PrivateRooms | None = None
        self._face: Face | None = None
        self._ready = False
        self._lead: Lead | None = None

    def warn_with(self, alert: Alert) -> None:
        """See ``bot.channels.port.Warns``."""
        self._alert = alert

    def obey(self, lead: Lead) -> None:
        """See ``bot.channels.port.StandsDown``."""
        self._lead, self._server.allowed = lead, lead.holds

    async def stand_down(self) -> None:
        """See ``bot.channels.port.StandsDown``: the device's keys belong to another process now."""
        self._ready = False
        if self._parts is not None:
            await self._parts.sending.close()
        if self._session is not None:
            self._session.crypto.close()
        self._parts = self._session = None
        self._folder.close()

    async def run(self, receive: Receive, listening: Listening) -> None:
        """See ``bot.channels.port.Channel.run``."""
        failures = 0

        def heard(problem: str | None) -> None:
            nonlocal failures
            failures = 0 if problem is None else failures
            listening(problem)

        while True:
            try:
                if self._parts is None:
                    if not self._folder.held:
                        await take(self._folder, self._lead)
                    self._parts = await self._open()
                await Sync(self._parts, receive).run(heard, self._now_ready)
            except ChannelEndedError:
                raise
            except Exception as error:
                if isinstance(error, RequestRefusedError) and error.signed_out:
                    raise signed_out(self._folder) from error
                failures += 1
                wait = pause_s(failures, error.after if isinstance(error, BusyError) else None)
                reason = _reason(error)
                log.warning("matrix.backs_off", reason=reason, seconds=round(wait, 1))
                listening(reason)
                await asyncio.sleep(wait)

    def _now_ready(self) -> None:
        self._ready = True
        if self._parts is not None and self._face is not None:  # once per start
            self._parts.sending.in_background(self._face.show)
            self._face = None

    async def _open(self) -> Parts:
        """Log in, upload keys and cross-sign the device, all before the first message is read."""
        self._server.homeserver = await address_of(self._settings.homeserver)
        session = self._session = self._session or await open_session(self._server, self._settings, self._folder)
        tidy(self._folder)
        crypto = session.crypto
        if session.note:
            log.warning("matrix.device", note=session.note)
        allow_unsigned = self._settings.allow_unsigned_users
        keys = Keys(self._server, crypto, self._folder, allow_unsigned=allow_unsigned, alert=self._alert)
        try:
            outcome = await self._sign(crypto, keys)
        except ChannelEndedError:
            self._session = None
            await abandon(self._server, self._settings, self._folder, session)
            raise
        log.info("matrix.identity", outcome=outcome, user=crypto.user_id, device=crypto.device_id)
        self._session, self._reset_identity = prove(self._folder, session), False
        seeds = Seeds.load(self._folder)
        master = seeds.key("master").public if seeds else ""
        keys.own_identity(master)
        access = Access(self._server, self._settings, crypto.user_id)
        reader = SyncReader(crypto, crypto.user_id, access.may_ask)
        access.rooms = reader.rooms
        sending = MatrixSender(self._server, reader, keys, self._admins)
        verifying = Verifying(
            self._server, reader, crypto, keys, sending, master=master, admins=self._admins, may_ask=access.may_ask
        )
        invitations = Invitations(self._server, reader, self._settings, access)
        meetings = Meetings(self._server, reader, sending, stays=self._stays)
        self._private_rooms = PrivateRooms(self._server, reader, sending.guard)
        signer = seeds.key("self_signing").public if seeds else ""
        devices = OwnDevices(self._server, self._folder, crypto.user_id, crypto.device_id, signer, self._alert)
        self._face = Face(self._server, self._folder, crypto.user_id, self._settings)
        parts = (self._server, reader, keys, sending, invitations, verifying, meetings, devices, access)
        return Parts(*parts, crypto.device_id, self._alert)

    async def _sign(self, crypto: Crypto, keys: Keys) -> str:
        """Upload the device's keys and let the account's identity sign it; return what was done."""
        password, recovery = self._settings.password.get_secret_value(), self._settings.recovery_key.get_secret_value()
        signing = CrossSigning(self._server, crypto, self._folder, password)
        await signing.expect_ours(recovery_key=recovery, reset=self._reset_identity)
        await keys.upload(0 if not crypto.uploaded else 50)
        return await signing.ensure(recovery_key=recovery, reset=self._reset_identity)

    async def send(self, message: Outgoing) -> str | None:
        """See ``bot.channels.port.Channel.send``. A user id as conversation means the private room with that user."""
        parts, place = self._connected(), message.address.conversation
        if self._private_rooms is None or not is_user(place):
            await self._look_for(message, place)
            return await parts.sending.send(message)
        try:
            room_id = await self._private_rooms.of(place)
        except MatrixError as error:
            raise TryLaterError(error.message, after=error.after if isinstance(error, BusyError) else None) from error
        raise MovedError("The private room has an id of its own.", to=room_id)

    def who_reads(self, address: Address) -> Readership | None:
        """See ``bot.channels.port.Channel``: from the state of the last sync; ``send`` asks the server."""
        if is_user(address.conversation):
            return Readership(frozenset({address.conversation}), closed=True)
        if self._parts is None or not self._ready:
            return None
        room = self._parts.reader.rooms.get(address.conversation)
        return room.closable if room else Readership()

    def room_options(self) -> tuple[str, ...]:
        """See ``bot.channels.port.HasRooms``."""
        return ("mention", "threads", "language")

    def private_link(self) -> str:
        """See ``bot.channels.port.HasRooms``."""
        return f"https://matrix.to/#/{self._session.crypto.user_id}" if self._session else ""

    def private_place(self, user: str) -> str | None:
        """See ``bot.channels.port.Channel``."""
        return user if is_user(user) else None

    async def open_introduction_room(
        self, alias: str, users: tuple[str, str], opening: Outgoing, *, name: str = ""
    ) -> str:
        """See ``Meetings.open``; raise the errors of ``send``."""
        meetings = self._connected().meetings
        await self._look_for(opening, f"#{alias}")
        return await meetings.open(alias, users, opening, name=name)

    async def _look_for(self, message: Outgoing, place: str) -> None:
        """Note message parts that another device sent, so that none is sent twice; ``place`` is a room or its alias."""
        parts = self._connected()
        if not is_foreign(message.trace, parts.device):
            return
        me = parts.reader.me
        try:
            if place.startswith("#"):
                place = await room_behind(self._server, f"{place}:{server_of(me)}")
            if place:
                parts.sending.arrived |= await arrived(self._server, place, me, message.id)
        except RequestRefusedError as error:
            log.info("matrix.lookup_refused", reason=error.message)  # the server will also refuse the message
        except MatrixError as error:
            raise TryLaterError(error.message, after=error.after if isinstance(error, BusyError) else None) from error

    def trace(self, conversation: str, answers: str, before: str) -> str:
        """See ``bot.channels.port.Traceable``: the sending device; only that device has the transaction ids."""
        return trace_of(self._session.crypto.device_id, before) if self._session else before

    def remember(self, sent: Sequence[str]) -> None:
        """See ``bot.channels.port.Traceable``; here a message is found by its own id."""

    def _connected(self) -> Parts:
        if self._parts is None or not self._ready:
            raise TryLaterError("Not connected yet.", after=timedelta(seconds=1))
        return self._parts

    async def working(self, address: Address) -> None:
        """Show the typing indicator."""
        if self._parts is not None:
            self._parts.sending.working(address.conversation)

    async def administers(self, address: Address, user: str) -> bool:
        """See ``bot.channels.port.KnowsAdmins``."""
        room = ("v3", "rooms", address.conversation, "state")
        try:
            levels = await self._server.get(*room, "m.room.power_levels", "")
            create = await self._server.get(*room, "m.room.create", "", query={"format": "event"})
        except MatrixError as error:
            log.info("matrix.role_unknown", reason=error.message)
            return False
        return is_admin(user, levels, create)

    async def check(self) -> list[tuple[str, str]]:
        """Return ``(ok | none | fail, text)`` for the operator; change nothing, even while the bot runs."""
        try:
            self._server.homeserver = await address_of(self._settings.homeserver)
        except (MatrixError, ChannelEndedError) as error:
            return [("fail", f"matrix: {error}")]
        return await look(self._server, self._settings, self._folder)

    async def close(self) -> None:
        """See ``bot.channels.port.Channel.close``."""
        if self._parts is not None:
            await self._parts.sending.close()
        await self._server.close()
        if self._session is not None:
            self._session.crypto.close()
        self._folder.close()


def is_user(conversation: str) -> bool:
    """Return whether a conversation is a user id: the private room with that user, which may not exist yet."""
    return conversation.startswith("@") and ":" in conversation


def _reason(error: Exception) -> str:
    if isinstance(error, MatrixError | StoreError):
        return error.message
    log.error("matrix.failed", exc_info=error)  # an unexpected answer; the next one may be better
    return type(error).__name__


def pause_s(failures: int, wanted: timedelta | None) -> float:
    """Return the seconds before the next attempt: doubled each time, and at least what the server wants."""
    doubled = min(FIRST_PAUSE_S * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE_S)
    spread = doubled * random.uniform(0.8, 1.2)  # noqa: S311 - only spreads the reconnects of many bots
    return max(spread, wanted.total_seconds() if wanted else 0.0)
