"""The processes on this database: signs of life, and the leader of each network's account.

A process signs every few seconds. A process without a sign for ``LEASE`` is gone; its messages and its leadership may
be taken over. All times are those of the database where it has its own clock (PostgreSQL), so that machines with
different clocks agree. A new leader raises the epoch, and every write of a leader names its epoch. So a process that
was frozen and given up changes nothing when it wakes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, literal, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import leader, process
from knowledge_base.store.upsert import insert_into

LEASE = timedelta(seconds=10)  # without a sign a process is gone after this; machines take over within 15 s
LEASE_OF_A_FILE = timedelta(seconds=60)  # SQLite serves one machine: a new process knows that the last one ended
FORGOTTEN = timedelta(days=1)  # signs of processes that ended without a word


class DeposedError(Exception):
    """A leadership that another process has taken over."""


@dataclass(frozen=True, slots=True)
class Term:
    """A leadership: the right of this process to send for a channel, as long as it lasts."""

    channel: str
    process: str
    epoch: int


@dataclass(frozen=True, slots=True)
class Living:
    """Another living process; ``settings``: marks of those that all processes must share."""

    id: str
    settings: Mapping[str, str]


class Processes:
    """Signs of life and leaderships."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._postgres = connection.dialect.name == "postgresql"
        self._now: ColumnElement[Any] = func.now() if self._postgres else literal(now, process.c.seen_at.type)
        self._moment = now

    def _ago(self, time: timedelta) -> ColumnElement[Any]:
        return func.now() - time if self._postgres else literal(self._moment - time, process.c.seen_at.type)

    @property
    def lease(self) -> timedelta:
        """Return the time that a sign is valid."""
        return LEASE if self._postgres else LEASE_OF_A_FILE

    async def sign(self, me: str, place: str, settings: Mapping[str, str]) -> dict[str, int]:
        """Sign; return the channels that this process leads, each with its epoch.

        The leaderships are locked first: a process that wants to take one waits, and then sees this sign.
        """
        if self._postgres:  # a process that freezes here would delay a takeover
            await self._connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 5000"))
        mine = select(leader.c.channel, leader.c.epoch).where(leader.c.owner == me).with_for_update()
        held = {row.channel: row.epoch for row in await self._connection.execute(mine)}
        values = {"place": place, "seen_at": self._now, "settings": dict(settings)}
        statement = insert_into(self._connection, process).values(id=me, **values)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
        return held

    async def take(self, channel: str, me: str) -> int | None:
        """Lead a channel without a living leader; return the epoch, or ``None`` when another process leads it."""
        first = insert_into(self._connection, leader).values(channel=channel, owner="", epoch=0)
        await self._connection.execute(first.on_conflict_do_nothing())
        free = select(leader).where(leader.c.channel == channel).with_for_update(skip_locked=True)
        row = (await self._connection.execute(free)).first()
        if row is None:  # its leader signs at this moment, or another one takes it
            return None
        if row.owner == me:
            return int(row.epoch)
        if await self._connection.scalar(select(1).where(self.lives(row.owner))):
            return None
        epoch = int(row.epoch) + 1
        await self._connection.execute(update(leader).where(leader.c.channel == channel).values(owner=me, epoch=epoch))
        return epoch

    async def resign(self, channel: str, me: str) -> None:
        """Let another process lead the channel at once."""
        await self._connection.execute(
            update(leader).where(leader.c.channel == channel, leader.c.owner == me).values(owner="")
        )

    async def expect(self, term: Term) -> None:
        """Raise ``DeposedError`` unless this process still leads the channel."""
        if not await self._connection.scalar(select(1).where(self.leads(term))):
            raise DeposedError(term.channel)

    async def leave(self, me: str) -> None:
        """Free everything that this process held, at an orderly end."""
        await self._connection.execute(delete(process).where(process.c.id == me))

    async def clear(self, place: str, me: str) -> None:
        """Remove earlier processes of this place, since this process is there now. Old signs are deleted."""
        here = process.c.place == place
        gone = or_(here, process.c.seen_at < self._ago(FORGOTTEN)) if self._postgres else here
        await self._connection.execute(delete(process).where(gone, process.c.id != me))

    async def living(self, within: timedelta = LEASE) -> list[Living]:
        """Return every other process that signed within a lease, or within ``within`` if that is longer."""
        lately = self._signed(max(within, self.lease))
        rows = await self._connection.execute(select(process).where(lately))
        return [Living(row.id, row.settings) for row in rows]

    async def knows(self, process_id: str) -> bool:
        """Return whether an id is that of a process here, also of a dead one that did not end in order."""
        return bool(await self._connection.scalar(select(1).where(process.c.id == process_id)))

    def lives(self, owner: Any) -> ColumnElement[bool]:
        """Return whether a process (an id, or a column of them) signed lately."""
        return exists().where(process.c.id == owner, self._signed(self.lease))

    def _signed(self, within: timedelta) -> ColumnElement[bool]:
        """Return the condition of a valid sign; one from the future (a clock was ahead) is not valid."""
        return process.c.seen_at.between(self._ago(within), self._ago(-within))

    @staticmethod
    def leads(term: Term) -> ColumnElement[bool]:
        """Return the condition that a term lasts; part of every write of a leader."""
        return exists().where(
            leader.c.channel == term.channel, leader.c.owner == term.process, leader.c.epoch == term.epoch
        )
