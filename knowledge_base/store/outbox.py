"""What is to be said: stored with the change that caused it, sent afterwards.

States::

    new --lease--> leased --sent--> sent
     ^               |  \\---unclear--> unclear   (the network may or may not have it; an admin decides)
     `----retry------'   \\--dead-----> dead      (will never be delivered)

    new, leased --restore of a backup--> held     (may have been sent after the backup; an admin decides)

A lease that runs out (the sender was killed) makes the row ``new`` again; whether it may then be sent a second time is
the channel's business: with a transaction id it may, without one it depends on the urgency.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, and_, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import outbox
from knowledge_base.store.upsert import insert_into


class Urgency(IntEnum):
    """In which order messages go out."""

    ANSWER = 0
    NOTICE = 1
    BULK = 2


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message leased for sending."""

    id: str
    seq: int
    channel: str
    conversation: str
    person_id: str | None
    urgency: Urgency
    payload: Mapping[str, Any]
    attempts: int  # this one included
    created_at: datetime
    error: str | None = None  # what the attempt before this one ended with
    trace: str | None = None  # where the network would have it, if that attempt arrived


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A message of which nobody knows whether it arrived; its text stays in the database until an admin decides.

    ``state`` is ``unclear`` after a send that ended so, ``held`` after a restore: it was to be sent when the backup was
    made, and may have been sent since.
    """

    id: str
    state: str
    channel: str
    conversation: str
    urgency: Urgency
    created_at: datetime
    reason: str


_DOUBTFUL = outbox.c.state.in_(("unclear", "held"))


def new_id() -> str:
    """An id for an outbox row, also its transaction id towards the network."""
    return uuid4().hex


class Outbox:
    """The durable outbox."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(
        self,
        channel: str,
        conversation: str,
        payload: Mapping[str, Any],
        *,
        urgency: Urgency,
        key: str | None = None,
        person_id: str | None = None,
        message_id: str | None = None,
        not_before: datetime | None = None,
    ) -> bool:
        """Store a message to be sent; with a ``key`` only the first of that key. Returns whether it was stored."""
        values = {
            "id": message_id or new_id(),
            "key": key,
            "channel": channel,
            "conversation": conversation,
            "person_id": person_id,
            "urgency": urgency,
            "payload": dict(payload),
            "state": "new",
            "attempts": 0,
            "not_before": not_before or self._now,
            "created_at": self._now,
        }
        statement = insert_into(self._connection, outbox).values(**values)
        statement = statement.on_conflict_do_nothing(index_elements=["key"]).returning(outbox.c.seq)
        return await self._connection.scalar(statement) is not None

    async def first_of_all(self, message_id: str) -> None:
        """A message goes before those to the same conversation that were stored before it in this transaction."""
        mine = (await self._connection.execute(select(outbox).where(outbox.c.id == message_id))).one()
        place = (outbox.c.channel == mine.channel, outbox.c.conversation == mine.conversation, outbox.c.state == "new")
        together = (outbox.c.created_at == self._now, outbox.c.attempts == 0, outbox.c.seq < mine.seq)
        found = select(outbox.c.id, outbox.c.seq).where(*place, *together).order_by(outbox.c.seq)
        others = (await self._connection.execute(found)).all()
        if not others:
            return
        places = [*(row.seq for row in others), mine.seq]
        await self._connection.execute(update(outbox).where(outbox.c.seq.in_(places)).values(seq=-outbox.c.seq))
        for seq, one in zip(places, [message_id, *(row.id for row in others)], strict=True):
            await self._connection.execute(update(outbox).where(outbox.c.id == one).values(seq=seq))

    async def lease(
        self, channel: str, *, limit: int, lasting: timedelta, least: Urgency = Urgency.BULK
    ) -> list[OutboxRow]:
        """Take the next messages of a channel: at most one per conversation, and none that would overtake another.

        What waits for its first sending at a later time may be overtaken; what failed and waits to be tried again not.
        Bulk may be overtaken by all others: who asks need not wait until their digest has had its turn.
        """
        ahead = outbox.alias("ahead")
        tried = or_(ahead.c.attempts > 0, ahead.c.error.is_not(None))
        overtakes = (
            select(1)
            .where(
                ahead.c.channel == outbox.c.channel,
                ahead.c.conversation == outbox.c.conversation,
                or_(
                    ahead.c.state == "leased",
                    and_(ahead.c.state == "new", or_(tried, ahead.c.not_before <= self._now)),
                ),
                or_(ahead.c.state == "leased", ahead.c.urgency < Urgency.BULK, outbox.c.urgency == Urgency.BULK),
                ahead.c.seq < outbox.c.seq,
            )
            .exists()
        )
        due = (
            select(outbox.c.seq)
            .where(outbox.c.channel == channel, outbox.c.state == "new", outbox.c.not_before <= self._now)
            .where(outbox.c.urgency <= least, ~overtakes)
            .order_by(outbox.c.urgency, outbox.c.seq)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        chosen = list((await self._connection.execute(due)).scalars())
        if not chosen:
            return []
        values = {"state": "leased", "lease_until": self._now + lasting, "attempts": outbox.c.attempts + 1}
        statement = update(outbox).where(outbox.c.seq.in_(chosen)).values(**values).returning(outbox)
        rows = (await self._connection.execute(statement)).all()
        return sorted((_leased(row) for row in rows), key=lambda row: (row.urgency, row.seq))

    async def release(self, channel: str) -> list[OutboxRow]:
        """At the start of the only sender of a channel: what the one before it left leased."""
        where = (outbox.c.state == "leased", outbox.c.channel == channel)
        return [_leased(row) for row in await self._connection.execute(select(outbox).where(*where))]

    async def mark(self, message_id: str, trace: str) -> None:
        """Note, before an attempt, where the network would have the message."""
        await self._connection.execute(update(outbox).where(outbox.c.id == message_id).values(trace=trace))

    async def sent(self, message_id: str, remote_id: str | None, *, farewell: bool = False) -> None:
        """The network has it. The text is wiped; ``farewell``: where it went, too, nobody is known there any more."""
        values = {"conversation": ""} if farewell else {}
        await self._finish(message_id, "sent", remote_id=remote_id, payload=None, **values)

    async def unclear(self, message_id: str, error: str) -> None:
        """The network may or may not have it, and a second copy would be worse than none."""
        await self._finish(message_id, "unclear", error=error)

    async def dead(self, message_id: str, error: str) -> None:
        """It will never be delivered. The text is wiped."""
        await self._finish(message_id, "dead", error=error, payload=None)

    async def retry(self, message_id: str, *, not_before: datetime, error: str) -> None:
        """It was certainly not sent; try again later, unless it was withdrawn meanwhile."""
        state = case((outbox.c.payload.is_(None), "dead"), else_="new")
        values = {"state": state, "lease_until": None, "not_before": not_before, "error": error}
        await self._connection.execute(update(outbox).where(outbox.c.id == message_id).values(**values))

    async def postpone(self, message_id: str, *, not_before: datetime, reason: str) -> None:
        """Our own limits held it back: the attempt that ``lease`` counted was none. What is noted of it stays."""
        state = case((outbox.c.payload.is_(None), "dead"), else_="new")
        values = {"state": state, "lease_until": None, "not_before": not_before, "attempts": outbox.c.attempts - 1}
        error = func.coalesce(outbox.c.error, reason)
        await self._connection.execute(update(outbox).where(outbox.c.id == message_id).values(**values, error=error))

    async def states(self, keys: Collection[str]) -> dict[str, str]:
        """What became of the messages of these keys: key → state; one that is gone or never was is missing."""
        where = outbox.c.key.in_(keys)
        return {row.key: row.state for row in await self._connection.execute(select(outbox).where(where))}

    async def take_back(self, keys: Collection[str]) -> set[str]:
        """None of these is sent from now on; returns the keys of those that nobody can have got."""
        where = (outbox.c.key.in_(keys), outbox.c.state == "new")
        values = {"state": "dead", "payload": None, "finished_at": self._now}
        statement = update(outbox).where(*where).values(**values).returning(outbox.c.key, outbox.c.error)
        return {row.key for row in await self._connection.execute(statement) if "unclear" not in (row.error or "")}

    async def withdraw(self, message_ids: Collection[str]) -> frozenset[str]:
        """These must not reach anybody any more; returns the ids of those that had been waiting, or were in doubt.

        One that is being sent right now loses its text: should the attempt fail, there is nothing left to repeat.
        """
        here = outbox.c.id.in_(message_ids)
        values = {"state": "dead", "error": "withdrawn", "payload": None, "finished_at": self._now}
        waiting = update(outbox).where(here, outbox.c.state.in_(("new", "unclear", "held"))).values(**values)
        taken = frozenset((await self._connection.execute(waiting.returning(outbox.c.id))).scalars())
        leased = update(outbox).where(here, outbox.c.state == "leased").values(payload=None)
        await self._connection.execute(leased)
        return taken

    async def by_remote_id(self, channel: str, remote_id: str) -> str | None:
        """The outbox id of a message that the network knows under its own id."""
        where = (outbox.c.channel == channel, outbox.c.remote_id == remote_id)
        return await self._connection.scalar(select(outbox.c.id).where(*where).order_by(outbox.c.seq.desc()).limit(1))

    async def remote_id(self, message_id: str) -> str | None:
        """The network's id of a message that was sent."""
        return await self._connection.scalar(select(outbox.c.remote_id).where(outbox.c.id == message_id))

    async def last_remote_ids(self, channel: str, conversation: str | None = None, limit: int = 30) -> tuple[str, ...]:
        """The network's ids of the last messages sent, to one conversation or to any."""
        where = [outbox.c.channel == channel, outbox.c.remote_id.is_not(None)]
        where += [outbox.c.conversation == conversation] if conversation else []
        ids = select(outbox.c.remote_id).where(*where).order_by(outbox.c.finished_at.desc()).limit(limit)
        return tuple((await self._connection.execute(ids)).scalars())

    async def doubtful(self) -> list[Doubtful]:
        """Messages of which it is unclear whether they arrived, the oldest first."""
        rows = await self._connection.execute(select(outbox).where(_DOUBTFUL).order_by(outbox.c.seq))
        return [
            Doubtful(r.id, r.state, r.channel, r.conversation, Urgency(r.urgency), r.created_at, r.error or "")
            for r in rows
        ]

    async def decide(self, which: str, *, repeat: bool) -> int:
        """An admin has doubtful messages sent (again), or dropped: the one of an id, or all in a state.

        Returns how many it were.
        """
        where = (_DOUBTFUL, or_(outbox.c.id == which, outbox.c.state == which))
        again = {"state": "new", "not_before": self._now, "created_at": self._now, "finished_at": None, "error": None}
        values = again if repeat else {"state": "dead", "payload": None, "finished_at": self._now}
        return (await self._connection.execute(update(outbox).where(*where).values(**values))).rowcount

    async def count(self) -> dict[str, int]:
        """How many messages there are in each state."""
        rows = await self._connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
        return {row[0]: row[1] for row in rows}

    async def forget(self, older_than: timedelta) -> int:
        """Delete finished rows past their period."""
        where = (outbox.c.state.in_(("sent", "dead")), outbox.c.finished_at < self._now - older_than)
        return (await self._connection.execute(delete(outbox).where(*where))).rowcount

    async def _finish(self, message_id: str, state: str, **values: Any) -> None:
        values |= {"state": state, "lease_until": None, "finished_at": self._now}
        await self._connection.execute(update(outbox).where(outbox.c.id == message_id).values(**values))


def _leased(row: Row[Any]) -> OutboxRow:
    return OutboxRow(
        id=row.id,
        seq=row.seq,
        channel=row.channel,
        conversation=row.conversation,
        person_id=row.person_id,
        urgency=Urgency(row.urgency),
        payload=row.payload or {},
        attempts=row.attempts,
        created_at=row.created_at,
        error=row.error,
        trace=row.trace,
    )
