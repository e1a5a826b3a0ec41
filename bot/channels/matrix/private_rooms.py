"""Private rooms of the bot with one person each, opened when no existing room is private enough.

The bot first stores the room in its account data, under a hash of the user id, and only then invites the user. So an
interrupted attempt makes no second visible room. Only the bot may invite others or change the room's rules. If the
server does so anyway, the bot replaces the room with a new one.
"""

from __future__ import annotations

import hashlib

import structlog

from bot.channels.matrix.batch import SyncReader
from bot.channels.matrix.guard import AudienceGuard
from bot.channels.matrix.http import Json, RequestRefusedError, Server
from bot.channels.matrix.own_rooms import CLOSED, seen
from bot.channels.matrix.rooms import Room
from bot.channels.port import AudienceError
from knowledge_base.failpoints import reached

log = structlog.get_logger()

KIND = "org.stadtlotse.private_room."


class PrivateRooms:
    """A maker of private rooms."""

    def __init__(self, server: Server, reader: SyncReader, guard: AudienceGuard) -> None:
        self._server = server
        self._reader = reader
        self._guard = guard

    async def of(self, user: str) -> str:
        """Return the id of the room with this user, made if missing; the user has joined or is invited.

        Raise ``AudienceError`` if the user or the server refuses such a room. After ``TryLaterError`` or
        ``MatrixError``, call again.
        """
        try:
            room_id = await self._noted(user)
            if not (room_id and await self._fits(room_id, user)):
                room_id = await self._make(user)
            room = await seen(self._reader, room_id, lambda room: room.encrypted)
            if user not in room.members:
                await self._invite(room_id, user)
                reached("matrix.private_room_invited")
                room = await seen(self._reader, room_id, lambda room: room.encrypted and user in room.members)
            now = (await self._guard.current(room)).readership
        except RequestRefusedError as error:
            if error.signed_out:
                raise
            raise AudienceError("A private room is refused.") from error
        if not now.closed or now.users != {user}:
            raise AudienceError("This server opens no private rooms.")
        return room_id

    async def _noted(self, user: str) -> str:
        try:
            noted = await self._server.get("v3", "user", self._reader.me, "account_data", _key(user))
        except RequestRefusedError as error:
            if error.code != "M_NOT_FOUND":
                raise
            return ""
        return str(noted.get("room_id", ""))

    async def _fits(self, room_id: str, user: str) -> bool:
        """Return whether the room still belongs to the bot and no other user can read it."""
        room = self._reader.rooms.get(room_id)
        if room is None or room.creator != self._reader.me:
            return False
        now: Room = await self._guard.current(room)
        return now.readership.closed and now.readership.users <= {user}

    async def _make(self, user: str) -> str:
        body: Json = {
            "preset": "private_chat",
            "visibility": "private",
            "is_direct": True,
            "initial_state": list(CLOSED),
            "power_level_content_override": {"invite": 100, "state_default": 100},
        }
        room_id = str((await self._server.post("v3", "createRoom", body=body)).get("room_id", ""))
        reached("matrix.private_room_made")
        await self._server.put(
            "v3", "user", self._reader.me, "account_data", _key(user), body={"room_id": room_id}
        )  # fmt: skip
        reached("matrix.private_room_noted")
        log.info("matrix.private_room_opened", room=room_id)
        return room_id

    async def _invite(self, room_id: str, user: str) -> None:
        """Invite by a member event, so that the client shows a direct chat."""
        body: Json = {"membership": "invite", "is_direct": True}
        await self._server.put("v3", "rooms", room_id, "state", "m.room.member", user, body=body)


def _key(user: str) -> str:
    return KIND + hashlib.sha256(user.encode()).hexdigest()[:20]
