"""How the bot behaves in rooms, as their admins set it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import room_setting
from knowledge_base.store.upsert import insert_into


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """The settings of one room."""

    mention_needed: bool = True  # otherwise every message there is a question
    threads: bool = True  # whether a long answer opens a thread
    language: str | None = None  # of every answer there; ``None``: of the question


class Rooms:
    """The settings of rooms."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def settings(self, channel: str, conversation: str) -> RoomSettings:
        """Return the settings of a room."""
        where = (room_setting.c.channel == channel, room_setting.c.conversation == conversation)
        row = (await self._connection.execute(select(room_setting).where(*where))).first()
        return RoomSettings(row.mention_needed, row.threads, row.language) if row else RoomSettings()

    async def without_mention(self, channel: str, conversations: Collection[str]) -> set[str]:
        """Return which of these rooms need no mention."""
        where = (room_setting.c.channel == channel, room_setting.c.conversation.in_(conversations))
        statement = select(room_setting.c.conversation).where(*where, room_setting.c.mention_needed.is_(False))
        return set((await self._connection.scalars(statement)).all())

    async def put(self, channel: str, conversation: str, settings: RoomSettings) -> None:
        """Store the settings of a room."""
        key, values = {"channel": channel, "conversation": conversation}, asdict(settings)
        statement = insert_into(self._connection, room_setting).values(**key, **values)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))

    async def forget(self, channel: str, conversation: str) -> None:
        """Delete the settings of a room that the bot has left."""
        where = (room_setting.c.channel == channel, room_setting.c.conversation == conversation)
        await self._connection.execute(delete(room_setting).where(*where))
