"""What is to be said: stored with the change that caused it, sent afterwards.

States::

    new --claim--> leased --sent--> sent
     ^               |  \\---unclear--> unclear   (the network may or may not have it; an admin decides)
     `----retry------'   \\--dead-----> dead      (will never be delivered)

    new, leased --restore of a backup--> held     (may have been sent after the backup; an admin decides)

Only the leader of an account claims and sends (``knowledge_base.store.processes``); every claim, and every note of what
became of one, holds only as long as its term lasts. ``stranded`` are claims that no sender works on: of an earlier
leader, or of this one when the reply to a COMMIT was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Row, and_, case, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.processes import Processes, Term
from knowledge_base.store.tables import outbox
from knowledge_base.store.upsert import insert_into

MOST_DUE = 500  # messages looked at when it is decided which goes first


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
    owner: str = ""  # the process that claimed it
    term: Term | None = None  # of the process that writes what becomes of it


@dataclass(frozen=True, slots=True)
class Due:
    """A message that may be sent now."""

    seq: int
    conversation: str
    urgency: Urgency


def new_id() -> str:
    """An id for an outbox row, also its transaction id towards the network."""
    return uuid4().hex


class Outbox:
    """The durable outbox."""

    def __init__(self, connection: AsyncConnection, now: datetime, *, added: Callable[[], None] = lambda: None) -> None:
        """``added`` is called when there may be something to send."""
        self._connection = connection
        self._now = now
        self._added = added

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
        self._added()
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

    async def due(self, channel: str, *, least: Urgency = Urgency.BULK, limit: int = MOST_DUE) -> list[Due]:
        """The messages of a channel that may be sent now: at most one of each conversation, none that would overtake.

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
        statement = (
            select(outbox.c.seq, outbox.c.conversation, outbox.c.urgency)
            .where(outbox.c.channel == channel, outbox.c.state == "new", outbox.c.not_before <= self._now)
            .where(outbox.c.urgency <= least, ~overtakes)
            .order_by(outbox.c.urgency, outbox.c.seq)
            .limit(limit)
        )
        return [Due(row[0], row[1], Urgency(row[2])) for row in await self._connection.execute(statement)]

    async def claim(self, seqs: Collection[int], term: Term) -> list[OutboxRow]:
        """Send these from now on, in their order; nothing when the term is over."""
        here = (outbox.c.seq.in_(list(seqs)), outbox.c.state == "new", Processes.leads(term))
        free = select(outbox.c.seq).where(*here).with_for_update(skip_locked=True)
        values = {"state": "leased", "owner": term.process, "claimed_at": self._now}
        statement = update(outbox).where(outbox.c.seq.in_(free)).values(**values, attempts=outbox.c.attempts + 1)
        rows = (await self._connection.execute(statement.returning(outbox))).all()
        return sorted((_leased(row, term) for row in rows), key=lambda row: (row.urgency, row.seq))

    async def stranded(self, term: Term, working_on: Collection[str]) -> list[OutboxRow]:
        """Claims of the channel that no sender works on; ``working_on``: ids of what this process sends now."""
        where = (outbox.c.state == "leased", outbox.c.channel == term.channel, outbox.c.id.not_in(list(working_on)))
        return [_leased(row, term) for row in await self._connection.execute(select(outbox).where(*where))]

    async def give_back(self, row: OutboxRow) -> None:
        """The attempt was none: the message never left this process."""
        values = {"state": "new", "owner": None, "claimed_at": None, "attempts": outbox.c.attempts - 1}
        await self._connection.execute(update(outbox).where(*_held(row)).values(**values))

    async def mark(self, message_id: str, trace: str) -> None:
        """Note, before an attempt, where the network would have the message."""
        await self._connection.execute(update(outbox).where(outbox.c.id == message_id).values(trace=trace))

    async def sent(self, row: OutboxRow, remote_id: str | None, *, farewell: bool = False) -> bool:
        """The network has it. The text is wiped; ``farewell``: where it went, too, nobody is known there any more.

        Like all that notes what became of a claim: ``False`` when the row is not claimed by its owner any more.
        """
        values = {"conversation": ""} if farewell else {}
        return await self._finish(row, "sent", remote_id=remote_id, payload=None, **values)

    async def unclear(self, row: OutboxRow, error: str) -> bool:
        """The network may or may not have it, and a second copy would be worse than none."""
        return await self._finish(row, "unclear", error=error)

    async def dead(self, row: OutboxRow, error: str) -> bool:
        """It will never be delivered. The text is wiped."""
        return await self._finish(row, "dead", error=error, payload=None)

    async def retry(self, row: OutboxRow, *, not_before: datetime, error: str) -> bool:
        """It was certainly not sent; try again later, unless it was withdrawn meanwhile."""
        state = case((outbox.c.payload.is_(None), "dead"), else_="new")
        values = {"state": state, "owner": None, "claimed_at": None, "not_before": not_before, "error": error}
        return (await self._connection.execute(update(outbox).where(*_held(row)).values(**values))).rowcount == 1

    async def holds(self, row: OutboxRow) -> bool:
        """Whether the claim lasts; what is done with the row in this transaction is then its owner's alone."""
        return await self._connection.scalar(select(outbox.c.id).where(*_held(row)).with_for_update()) is not None

    async def postpone(self, row: OutboxRow, *, not_before: datetime, reason: str) -> None:
        """Our own limits held it back: the attempt that ``claim`` counted was none. What is noted of it stays."""
        state = case((outbox.c.payload.is_(None), "dead"), else_="new")
        free = {"owner": None, "claimed_at": None, "attempts": outbox.c.attempts - 1}
        values = {"state": state, "not_before": not_before, "error": func.coalesce(outbox.c.error, reason)}
        await self._connection.execute(update(outbox).where(*_held(row)).values(**free, **values))

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

    async def count(self) -> dict[str, int]:
        """How many messages there are in each state."""
        rows = await self._connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
        return {row[0]: row[1] for row in rows}

    async def forget(self, older_than: timedelta) -> int:
        """Delete finished rows past their period."""
        where = (outbox.c.state.in_(("sent", "dead")), outbox.c.finished_at < self._now - older_than)
        return (await self._connection.execute(delete(outbox).where(*where))).rowcount

    async def _finish(self, row: OutboxRow, state: str, **values: Any) -> bool:
        values |= {"state": state, "owner": None, "claimed_at": None, "finished_at": self._now}
        return (await self._connection.execute(update(outbox).where(*_held(row)).values(**values))).rowcount == 1


def _held(row: OutboxRow) -> tuple[ColumnElement[bool], ...]:
    mine = (outbox.c.id == row.id, outbox.c.state == "leased", func.coalesce(outbox.c.owner, "") == row.owner)
    return (*mine, Processes.leads(row.term)) if row.term else mine


def _leased(row: Row[Any], term: Term) -> OutboxRow:
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
        owner=row.owner or "",
        term=term,
    )
