"""The Matrix channel without a network: the key stores of the bot and of a user, and a homeserver that accepts all."""

from __future__ import annotations

import copy
import json
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.channels.matrix.access import Access
from bot.channels.matrix.batch import SyncReader
from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.devices import OwnDevices
from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import Json, Server
from bot.channels.matrix.invitations import Invitations
from bot.channels.matrix.keys import Keys, only_log
from bot.channels.matrix.meeting import Meetings
from bot.channels.matrix.normalise import moment
from bot.channels.matrix.rooms import Rotation
from bot.channels.matrix.sending import MatrixSender
from bot.channels.matrix.sync import Parts, Sync
from bot.channels.matrix.verification import Verifying
from bot.messages import Inbound, Refused
from config.matrix import MatrixSettings

ME, ANNA, ROOM, OTHER = "@bot:a.example", "@anna:a.example", "!room:a.example", "!other:a.example"
NOW_MS = 1_795_000_000_000


@dataclass
class Inbox:
    """Keeps what is handed over."""

    happenings: list[Inbound] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    chatty: set[str] = field(default_factory=set)  # rooms where no mention is needed
    earlier: set[str] = field(default_factory=set)  # events that were handed over before this process

    async def __call__(
        self, channel: str, happenings: Sequence[Inbound], *, cursor: str | None = None, refused: Sequence[Refused] = ()
    ) -> None:
        assert cursor is not None
        json.loads(cursor)
        assert all(
            Inbound.from_json(json.loads(json.dumps(happening.to_json()))) == happening for happening in happenings
        )
        self.happenings += happenings
        self.refused += refused

    async def cursor(self, channel: str) -> str | None:
        return None

    async def known(self, channel: str, event_ids: Collection[str]) -> set[str]:
        return self.earlier & set(event_ids)

    async def without_mention(self, channel: str, conversations: Collection[str]) -> set[str]:
        return self.chatty & set(conversations)


class Homeserver(Server):
    """Accepts every request, or gives the one answer that the test wants; it knows the events of the test."""

    answer: Json = {}  # noqa: RUF012
    events: dict[str, Json] = {}  # noqa: RUF012

    async def request(self, method: str, *path: str, **more: Any) -> Json:
        if "event" in path:
            return copy.deepcopy(self.events.get(path[-1], {}))
        return copy.deepcopy(self.answer)


class Rig:
    """A bot, and Anna, who has shared a room key with it."""

    def __init__(self, folder: Path) -> None:
        self.folders = [Folder(folder / name) for name in ("bot", "anna")]
        for opened in self.folders:
            opened.open()
        self.crypto = Crypto(ME, "BOT", self.folders[0], "key", new=True)
        self.anna = Crypto(ANNA, "PHONE", self.folders[1], "key", new=True)
        self.server = Homeserver("http://127.0.0.1:1")
        ours = self.crypto.key_upload(0, fallback=True)
        theirs = self.anna.key_upload(0, fallback=True)
        assert ours
        assert theirs
        self.phone = theirs["device_keys"]
        self.own_device_keys, self.devices_of_anna = ours["device_keys"], {"PHONE": self.phone}
        self.crypto.learn_devices(ANNA, self.devices_of_anna)
        self.anna.learn_devices(ME, {"BOT": ours["device_keys"]})
        self.anna.trust(self.anna.devices(ME)[0], "allowed")
        self._one_time_keys = list(ours["one_time_keys"].items())
        self.to_device = [self.room_key(ROOM), self.room_key(OTHER)]
        self.encrypted = [self.encrypt(ROOM, text) for text in ("eins", "zwei")]
        self.control = self.encrypt(OTHER, "!hilfe") | {"event_id": "$control"}

    def room_key(self, room: str) -> Json:
        name, key = self._one_time_keys.pop()
        self.anna.start_sessions({ME: {"BOT": {name: key}}})
        content = next(iter(self.anna.room_key_messages(room, [ME], Rotation(messages=100_000))))[ME]["BOT"]
        self.anna.room_key_shared(room)
        return {"type": "m.room.encrypted", "sender": ANNA, "content": content}

    def encrypt(self, room: str, text: str) -> Json:
        return self.encrypted_event(room, "m.room.message", {"msgtype": "m.text", "body": text})

    def encrypted_event(self, room: str, kind: str, content: Json) -> Json:
        return event("m.room.encrypted", self.anna.encrypt(room, kind, content))

    @asynccontextmanager
    async def bot(self, now: Callable[[], datetime] = lambda: moment(NOW_MS)) -> AsyncIterator[tuple[Sync, Inbox]]:
        """A new process of the bot, in two rooms with Anna, on the keys that it has."""
        inbox, parts = Inbox(), self.parts(self.server)
        sync = Sync(parts, inbox, now=now)
        members = {"state": {"events": [member(ME), member(ANNA)]}}
        await sync._take({"next_batch": "s1", "rooms": {"join": {ROOM: members, OTHER: members}}})
        try:
            yield sync, inbox
        finally:
            await parts.sending.close()

    def parts(self, server: Server) -> Parts:
        """The parts of a channel on the bot's key store."""
        reader = SyncReader(self.crypto, ME, lambda _: True)
        keys = Keys(server, self.crypto, self.folders[0], allow_unsigned=True, alert=only_log)
        sending = MatrixSender(server, reader, keys)
        access = Access(server, MatrixSettings(), ME)
        access.rooms = reader.rooms
        invitations = Invitations(server, reader, MatrixSettings(), access)
        verifying = Verifying(
            server, reader, self.crypto, keys, sending, master="", admins={ANNA}, may_ask=lambda _: True
        )
        meetings = Meetings(server, reader, sending, stays=False)
        devices = OwnDevices(server, self.folders[0], ME, "BOT", "", only_log)
        return Parts(server, reader, keys, sending, invitations, verifying, meetings, devices, access)

    async def takes(self, *answers: Json) -> Inbox:
        """Let a new process read these sync answers; return its inbox."""
        async with self.bot() as (sync, inbox):
            for answer in answers:
                await sync._take(copy.deepcopy(answer))
        return inbox

    def restart(self) -> None:
        """End the process and keep its key store."""
        self.crypto.close()
        self.crypto = Crypto(ME, "BOT", self.folders[0], "key", new=False)

    def close(self) -> None:
        for crypto in (self.crypto, self.anna):
            crypto.close()
        for opened in self.folders:
            opened.close()


def event(kind: str, content: Json, **more: Any) -> Json:
    made = {"type": kind, "sender": ANNA, "origin_server_ts": NOW_MS, "content": content, "unsigned": {"age": 5}}
    return made | {"event_id": f"$e{abs(hash(repr((kind, content, more))))}"} | more


def member(user: str) -> Json:
    """A member who joined long ago."""
    before = {"prev_content": {"membership": "join"}}
    content = {"membership": "join", "displayname": "N."}
    return event("m.room.member", content, state_key=user, sender=user, unsigned=before)


def answer_with(*events: Json, to_device: Sequence[Json] = (), room: str = ROOM) -> Json:
    """A sync answer."""
    joined = {room: {"timeline": {"events": list(events)}}}
    return {"next_batch": "s2", "rooms": {"join": joined}, "to_device": {"events": list(to_device)}}


def text(body: str, **more: Any) -> Json:
    return event("m.room.message", {"msgtype": "m.text", "body": body, **more})
