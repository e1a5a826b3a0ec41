"""A room for two people after an introduction: made once, however often it is requested.

Its alias is derived from the introduction, and a homeserver assigns an alias only once. So an attempt that lost its
answer is found again and continues: ``create ─> invite missing users ─> opening message (once)``. The bot leaves when
both people have joined. It does not leave earlier, because an empty room cannot be joined any more. Both have the same
rights as the bot, so nothing in the room needs it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.channels.matrix.batch import SyncReader
from bot.channels.matrix.http import BusyError, Json, MatrixError, RequestRefusedError, Server, part
from bot.channels.matrix.normalise import NAME
from bot.channels.matrix.own_rooms import CLOSED, seen
from bot.channels.matrix.rooms import PRESENT, Room, membership, server_of
from bot.channels.matrix.sending import MatrixSender
from bot.channels.port import AudienceError, TryLaterError, UndeliverableError
from bot.messages import Address, MessageAudience, Outgoing


class Meetings:
    """A maker of rooms for two people."""

    def __init__(self, server: Server, reader: SyncReader, sending: MatrixSender, *, stays: bool) -> None:
        self._server = server
        self._reader = reader
        self._sending = sending
        self._stays = stays

    async def open(self, alias: str, users: tuple[str, str], opening: Outgoing, *, name: str) -> str:
        """Return the id of the encrypted, private room of exactly these users, with the opening message in it.

        ``alias`` is the local part, the same for every attempt; ``opening.id`` is the message's transaction id. After
        ``TryLaterError``, call again with the same values; ``UndeliverableError`` means that it will never work.
        """
        try:
            room_id = await self._room(alias, users, name)
            members = await self._members(room_id)
            if members.get(self._reader.me) == "leave":
                return room_id  # both users have joined already
            for user in users:
                if user not in members:
                    await self._server.post("v3", "rooms", room_id, "invite", body={"user_id": user})
            present = {user for user in users if members.get(user, PRESENT[0]) in PRESENT}
            self._check(await seen(self._reader, room_id, self._is_known(present)), members, users)
            await self._sending.send(
                replace(opening, address=Address(NAME, room_id), audience=MessageAudience.MEETING, readers=users)
            )
        except AudienceError as error:  # the two users changed the room: it is theirs now
            raise UndeliverableError(error.message) from error
        except RequestRefusedError as error:
            raise UndeliverableError(error.message) from error
        except MatrixError as error:
            raise TryLaterError(error.message, after=error.after if isinstance(error, BusyError) else None) from error
        return room_id

    async def leave_those_who_met(self) -> None:
        """Leave the bot's rooms that hold both people and the opening message, unless the bot is to stay.

        Raise ``MatrixError``.
        """
        if self._stays:
            return
        for room in [room for room in self._reader.rooms.values() if room.creator == self._reader.me]:
            if len(room.joined) > 2 and len(room.joined) == len(room.members) and await self._has_spoken(room):
                await self._server.post("v3", "rooms", room.id, "leave")
                self._reader.left(room.id)

    async def _has_spoken(self, room: Room) -> bool:
        answer = await self._server.get("v3", "rooms", room.id, "messages", query={"dir": "f", "limit": 100})
        chunk = answer.get("chunk")
        events = [event for event in chunk if isinstance(event, dict)] if isinstance(chunk, list) else []
        return any(event.get("sender") == room.me and event.get("type") == "m.room.encrypted" for event in events)

    async def _room(self, alias: str, users: tuple[str, str], name: str) -> str:
        body: Json = {
            "room_alias_name": alias,
            "invite": list(users),
            "preset": "trusted_private_chat",
            "visibility": "private",
            "initial_state": list(CLOSED),
        }
        try:
            answer = await self._server.post("v3", "createRoom", body=body | ({"name": name} if name else {}))
        except RequestRefusedError as error:
            if error.code != "M_ROOM_IN_USE":
                raise
            whole = f"#{alias}:{server_of(self._reader.me)}"
            answer = await self._server.get("v3", "directory", "room", whole)
        return str(answer.get("room_id", ""))

    async def _members(self, room_id: str) -> dict[str, str]:
        """Return the membership of all users who are, were or are invited here."""
        answer = await self._server.get("v3", "rooms", room_id, "members")
        chunk = answer.get("chunk")
        events = [event for event in chunk if isinstance(event, dict)] if isinstance(chunk, list) else []
        return {str(event.get("state_key")): membership(part(event, "content")) for event in events}

    def _is_known(self, present: set[str]) -> Callable[[Room], bool]:
        return lambda room: room.creator != self._reader.me or (room.encrypted and present <= set(room.members))

    def _check(self, room: Room, members: dict[str, str], users: tuple[str, str]) -> None:
        """Raise ``UndeliverableError`` if another user is in the room or took the alias before."""
        present = {user for user, state in members.items() if state in PRESENT}
        if room.creator != self._reader.me or present - {self._reader.me, *users}:
            raise UndeliverableError("The room is not the one that the bot makes for an introduction.")
