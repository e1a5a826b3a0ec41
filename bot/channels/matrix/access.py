"""Who may invite the bot and ask: users of allowed servers, and joined members of allowed Spaces. Nobody else.

The bot must itself be in a Space to know its members. It reads them from the room's state as the last sync left it: a
member who leaves or is removed loses the permission at once.
"""

from __future__ import annotations

from time import monotonic

import structlog

from bot.channels.matrix.http import MatrixError, RequestRefusedError, Server
from bot.channels.matrix.rooms import Room, may_ask
from config.matrix import MatrixSettings

log = structlog.get_logger()

AGAIN_S = 600.0  # before the bot looks for a Space again that it could not enter


class Access:
    """The policy of one account; ``rooms`` are those that the bot is in, kept up to date by the sync loop."""

    def __init__(self, server: Server, settings: MatrixSettings, me: str) -> None:
        self._server = server
        self._servers = settings.allowed_servers
        self._me = me
        self._spaces = dict.fromkeys(settings.allowed_spaces, "")  # name in the settings → room id
        self._spaces |= {name: name for name in settings.allowed_spaces if name.startswith("!")}
        self._unclear = {name for name, room_id in self._spaces.items() if not room_id}
        self._looked = -AGAIN_S
        self.rooms: dict[str, Room] = {}

    def may_ask(self, user: str) -> bool:
        """Return whether a user may invite and ask."""
        if may_ask(user, self._servers, self._me):
            return True
        spaces = [self.rooms[room_id] for room_id in self._spaces.values() if room_id in self.rooms]
        return any(room.is_space and room.has_joined(user) and room.has_joined(self._me) for room in spaces)

    def wants(self, room_id: str) -> bool:
        """Return whether the room is one of the Spaces: the bot accepts any invitation into them."""
        return room_id in self._spaces.values()

    @property
    def is_complete(self) -> bool:
        """Return whether the server has said which rooms the Spaces are; until then, the bot declines no invitation."""
        return not self._unclear

    async def enter(self) -> None:
        """Find the Spaces by their addresses, and join those that let the bot in."""
        absent = [name for name, room_id in self._spaces.items() if room_id not in self.rooms]
        if not absent or monotonic() - self._looked < AGAIN_S:
            return
        self._looked = monotonic()
        for name in absent:
            try:
                self._spaces[name] = self._spaces[name] or await room_of(self._server, name)
                self._unclear.discard(name)
                if self._spaces[name] not in self.rooms:
                    await self._server.post("v3", "join", name)
            except RequestRefusedError as error:
                self._unclear.discard(name)
                if error.signed_out:
                    raise
                log.warning("matrix.space_not_entered", space=name, reason=error.code, remedy="invite the bot there")
            except MatrixError as error:
                log.info("matrix.space_postponed", space=name, reason=error.message)


async def room_of(server: Server, alias: str) -> str:
    """Return the id of the room behind an address. Raise ``MatrixError``."""
    answer = await server.get("v3", "directory", "room", alias)
    return str(answer.get("room_id", ""))


async def spaces_without_bot(server: Server, settings: MatrixSettings) -> list[str]:
    """Return the allowed Spaces that the bot is not in, as the settings name them. Raise ``MatrixError``."""
    if not settings.allowed_spaces:
        return []
    answer = await server.get("v3", "joined_rooms")
    joined = answer.get("joined_rooms")
    joined = joined if isinstance(joined, list) else []
    absent = []
    for name in settings.allowed_spaces:
        try:
            room_id = name if name.startswith("!") else await room_of(server, name)
        except RequestRefusedError as error:
            if error.signed_out:
                raise
            room_id = ""
        if room_id not in joined:
            absent.append(name)
    return absent
