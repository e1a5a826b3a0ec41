"""Sending to rooms: in order, once. The transaction id is the outbox id, so a retry has no second effect."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from uuid import uuid4

import structlog

from bot.channels.matrix.arrived import MESSAGE_ID
from bot.channels.matrix.batch import SyncReader
from bot.channels.matrix.clients import show_polls
from bot.channels.matrix.content import LARGEST, contents
from bot.channels.matrix.guard import AudienceGuard
from bot.channels.matrix.http import BusyError, Json, MatrixError, RequestRefusedError, Server
from bot.channels.matrix.keys import Keys
from bot.channels.matrix.rooms import Room
from bot.channels.port import TryLaterError, UndeliverableError
from bot.messages import Outgoing
from knowledge_base.failpoints import reached

log = structlog.get_logger()

TYPING_MS = 20_000
SMALLER = (LARGEST, LARGEST // 3, LARGEST // 10)


class MatrixSender:
    """The sender of one account."""

    def __init__(self, server: Server, reader: SyncReader, keys: Keys, admins: Collection[str] = ()) -> None:
        self._server = server
        self._reader = reader
        self._keys = keys
        self.guard = AudienceGuard(server, admins)
        self._one_per_room: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._background: set[asyncio.Task[None]] = set()
        self.arrived: dict[str, str] = {}  # sent by another device: transaction id → event id

    async def close(self) -> None:
        """Cancel the background tasks."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    async def send(self, message: Outgoing) -> str:
        """See ``bot.channels.port.Channel.send``. Return the id of the first event, or of the event that it edits."""
        room = self._reader.rooms.get(message.address.conversation)
        if room is None:
            raise UndeliverableError("The bot is not in this room.", gone=True)
        try:
            for largest in SMALLER:
                try:
                    return await self._send(room, message, largest)
                except RequestRefusedError as error:
                    if error.code != "M_TOO_LARGE" and error.status != 413:
                        raise
            raise UndeliverableError("Too large for the homeserver in any parts.")
        except RequestRefusedError as error:
            raise self._meaning(room, error) from error
        except BusyError as error:
            raise TryLaterError(error.message, after=error.after, everywhere=error.after is not None) from error
        except MatrixError as error:
            raise TryLaterError(error.message) from error

    async def _send(self, room: Room, message: Outgoing, largest: int) -> str:
        ids = []
        polls = all(show_polls(self._keys.session_names(user)) for user in room.others)
        parts = contents(message, private=room.alone, polls=polls, largest=largest)
        for number, (kind, content) in enumerate(parts):
            transaction = message.id if not number else f"{message.id}.{number}"
            ids.append(await self.event(room, kind, content, transaction, message))
        self.in_background(lambda: self._typing(room.id, typing=False))
        return message.replaces or ids[0]

    async def event(
        self, room: Room, kind: str, content: Json, transaction: str = "", message: Outgoing | None = None
    ) -> str:
        """Send one event, encrypted if the room is. A retry with the same transaction id is the same event.

        For ``message``, check the readers of the room before its key is shared, and again before the event leaves:
        users may have joined meanwhile.
        """
        transaction = transaction or uuid4().hex
        if transaction in self.arrived:
            return self.arrived[transaction]
        async with self._one_per_room[room.id]:
            if message:
                await self.guard.check(room, message)
            if room.encrypted and kind != "m.reaction":
                content = await self._keys.encrypt(room, kind, content)
                kind = "m.room.encrypted"
                reached("matrix.encrypted")
                if message:
                    await self.guard.check(room, message)
            content = content | {MESSAGE_ID: transaction}
            reached("matrix.before_put")
            answer = await self._server.put("v3", "rooms", room.id, "send", kind, transaction, body=content)
            reached("matrix.after_put")
        event_id = str(answer.get("event_id", ""))
        self._reader.sent(event_id)
        return event_id

    def _meaning(self, room: Room, error: RequestRefusedError) -> TryLaterError | UndeliverableError:
        if error.signed_out:
            return TryLaterError("signed out")
        if error.status == 403 or error.code in ("M_FORBIDDEN", "M_NOT_FOUND"):
            self._reader.left(room.id)
            return UndeliverableError(error.message, gone=True)
        return UndeliverableError(error.message)

    # --- signs ------------------------------------------------------------------------------------------------------

    def working(self, room_id: str) -> None:
        """Show the typing indicator; delivery does not matter."""
        if room_id in self._reader.rooms:
            self.in_background(lambda: self._typing(room_id, typing=True))

    def seen(self, room_id: str, event_id: str) -> None:
        """Show that a message was read."""
        if room_id in self._reader.rooms and event_id.startswith("$"):
            self.in_background(lambda: self._receipt(room_id, event_id))

    async def _typing(self, room_id: str, *, typing: bool) -> None:
        body: Json = {"typing": True, "timeout": TYPING_MS} if typing else {"typing": False}
        await self._server.put("v3", "rooms", room_id, "typing", self._reader.me, body=body)

    async def _receipt(self, room_id: str, event_id: str) -> None:
        await self._server.post("v3", "rooms", room_id, "receipt", "m.read", event_id)

    def in_background(self, sign: Callable[[], Awaitable[None]]) -> None:
        """Run a call that may fail without harm."""

        async def quietly() -> None:
            try:
                await sign()
            except MatrixError as error:
                log.debug("matrix.indicator_not_sent", reason=error.message)

        task = asyncio.create_task(quietly())
        self._background.add(task)
        task.add_done_callback(self._background.discard)
