"""Rooms that the bot joins and leaves."""

from __future__ import annotations

from collections import deque
from datetime import timedelta
from time import monotonic

import structlog

from bot.channels.matrix.access import Access
from bot.channels.matrix.batch import SyncReader
from bot.channels.matrix.http import Json, MatrixError, RequestRefusedError, Server
from bot.channels.matrix.rooms import invitation
from config.matrix import MatrixSettings
from knowledge_base.failpoints import reached

log = structlog.get_logger()

AN_HOUR = timedelta(hours=1).total_seconds()


class Invitations:
    """A handler of invitations: it accepts by policy, a limited number per hour, and retries what failed."""

    def __init__(self, server: Server, reader: SyncReader, settings: MatrixSettings, access: Access) -> None:
        self._server = server
        self._reader = reader
        self._settings = settings
        self._access = access
        self._waiting: dict[str, str] = {}  # room → inviting user
        self._joined: deque[float] = deque()

    def add(self, rooms: Json) -> None:
        """Add the invited rooms of a sync answer."""
        for room_id, room in rooms.items():
            if isinstance(room, dict):
                self._waiting[room_id] = invitation(room, self._reader.me)

    async def answer(self) -> None:
        """Accept or decline the waiting invitations; retry with the next sync if the server is busy."""
        for room_id, who in list(self._waiting.items()):
            try:
                if not self._welcome(room_id, who):
                    if not self._access.is_complete:
                        continue
                    log.info("matrix.invitation_declined", room=room_id, server=who.partition(":")[2])
                    await self.leave(room_id)
                elif self._may_join_now():
                    await self._accept(room_id)
                else:
                    continue
            except RequestRefusedError as error:
                log.warning("matrix.invitation_failed", room=room_id, reason=error.code)
            except MatrixError as error:
                log.info("matrix.invitation_postponed", room=room_id, reason=error.message)
                continue
            self._waiting.pop(room_id, None)

    def _welcome(self, room_id: str, who: str) -> bool:
        follows = any(room.upgraded_to == room_id for room in self._reader.rooms.values())
        return follows or self._access.wants(room_id) or self._access.may_ask(who)

    def _may_join_now(self) -> bool:
        while self._joined and monotonic() - self._joined[0] > AN_HOUR:
            self._joined.popleft()
        return not self._settings.joins_per_hour or len(self._joined) < self._settings.joins_per_hour

    async def _accept(self, room_id: str) -> None:
        self._joined.append(monotonic())
        reached("matrix.before_join")
        await self._server.post("v3", "join", room_id)
        reached("matrix.after_join")

    async def leave(self, room_id: str) -> None:
        """Leave the room and let the server forget it."""
        await self._server.post("v3", "rooms", room_id, "leave")
        await self._server.post("v3", "rooms", room_id, "forget")

    async def leave_empty_rooms(self) -> None:
        """Leave rooms without any other user."""
        for room in [room for room in self._reader.rooms.values() if room.deserted]:
            try:
                await self.leave(room.id)
            except MatrixError as error:
                log.info("matrix.leave_postponed", room=room.id, reason=error.message)
            else:
                self._reader.left(room.id)

    async def follow(self, room_ids: list[str]) -> None:
        """Join the replacements of upgraded rooms, where no invitation is needed."""
        for room_id in room_ids:
            room = self._reader.rooms.get(room_id)
            if room is None or not room.upgraded_to or room.upgraded_to in self._reader.rooms:
                continue
            try:
                await self._server.post("v3", "join", room.upgraded_to)
            except MatrixError as error:
                log.info("matrix.upgrade_not_followed", room=room_id, reason=error.message)
