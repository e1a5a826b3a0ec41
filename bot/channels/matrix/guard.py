"""The readers of a room at this moment, fetched from the server directly before a message that is not for all."""

from __future__ import annotations

from collections.abc import Collection

from bot.channels.matrix.http import Json, RequestRefusedError, Server
from bot.channels.matrix.rooms import NOT_FOR_LATER, Room
from bot.channels.port import AudienceError
from bot.messages import MessageAudience, Outgoing
from bot.messages.readership import Readership, fits


class AudienceGuard:
    """A guard that lets a message through only if exactly the right people can read it."""

    def __init__(self, server: Server, admins: Collection[str]) -> None:
        self._server = server
        self._admins = frozenset(admins)

    async def check(self, room: Room, message: Outgoing) -> None:
        """Return if the room fits the message's audience now; raise ``AudienceError`` if not, or ``MatrixError``.

        If only the history visibility stands against it and the bot may close the history, the bot does so. Earlier
        messages stay as they were; later members cannot read new ones.
        """
        if message.audience is MessageAudience.ROOM:
            return
        known = Readership(frozenset(room.others), closed=True)
        if not self._fits(message, known):  # no need to fetch the state of a room with many people
            raise AudienceError("Others are in this room.")
        now = await self.current(room)
        if now.closable != now.readership and self._fits(message, now.closable):
            await self._close_history(room)
            now = await self.current(room)
        if not self._fits(message, now.readership):
            raise AudienceError("Others can read this room.")

    async def current(self, room: Room) -> Room:
        """Return the room as the server shows it now."""
        now = Room(room.id, room.me)
        for event in await self._server.get_all("v3", "rooms", room.id, "state"):
            if isinstance(event, dict):
                now.apply(event)
        return now

    async def _close_history(self, room: Room) -> None:
        body: Json = {"history_visibility": NOT_FOR_LATER[-1]}
        try:
            await self._server.put("v3", "rooms", room.id, "state", "m.room.history_visibility", "", body=body)
        except RequestRefusedError as error:
            if error.signed_out:
                raise
            raise AudienceError("The bot may not close this room's history.") from error

    def _fits(self, message: Outgoing, place: Readership) -> bool:
        return fits(message.audience, message.readers, place, self._admins)
