"""Outgoing messages: stored with the change that caused them, sent afterwards.

States::

    new --claim--> leased --sent--> sent
     ^               |  \\---unclear--> unclear   (unknown delivery status; an admin decides)
     `----retry------'   \\--dead-----> dead      (will never be delivered)

    new, leased --restore of a backup--> held     (may have been sent after the backup; an admin decides)

Only the leader of an account claims and sends (``knowledge_base.store.processes``); every claim, and every note of its
result, holds only as long as the term lasts. ``stranded`` are claims that no sender works on: of an earlier
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

MOST_DUE = 500  # messages considered for the next send
FREE: dict[str, Any] = {"owner": None, "claimed_at": None}
UNLESS_WITHDRAWN = case((outbox.c.payload.is_(None), "dead"), else_="new")


class Urgency(IntEnum):
    """The order in which messages go out."""

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
    error: str | None = None  # result of the attempt before this one
    trace: str | None = None  # where the network would have it, if that attempt arrived
    owner: str = ""  # the process that claimed it
    term: Term | None = None  # epoch of the process that writes the result


@dataclass(frozen=True, slots=True)
class DueMessage:
    """A message that may be sent now."""

    seq: int
    conversation: str
    urgency: Urgency


def new_id() -> str:
    """Return an id for an outbox row, also its transaction id towards the network."""
    return uuid4().hex


class Outbox:
    """The durable outbox."""

    def __init__(self, connection: AsyncConnection, now: datetime, *, added: Callable[[], None] = lambda: None) -> None:
        """Take the open transaction; ``added`` is called when there may be a message to send."""
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
        """Store a message to be sent; with a ``key`` only the first of that key. Return whether it was stored."""
        values = {
            "id": message_id or new_id(), "key": key, "channel": channel, "conversation": conversation,
            "person_id": person_id, "urgency": urgency, "payload": dict(payload), "state": "new", "attempts": 0,
            "not_before": not_before or self._now, "created_at": self._now,
        }  # fmt: skip
        statement = insert_into(self._connection, outbox).values(**values)
        statement = statement.on_conflict_do_nothing(index_elements=["key"]).returning(outbox.c.seq)
        self._added()
        return await self._connection.scalar(statement) is not None

    async def first_of_all(self, message_id: str) -> None:
        """Put a message before those to the same conversation that this transaction stored earlier."""
        mine = (await self._connection.execute(select(outbox).where(outbox.c.id == message_id))).one()
        place = (outbox.c.channel == mine.channel, outbox.c.conversation == mine.conversation, outbox.c.state == "new")
        together = (outbox.c.created_at == self._now, outbox.c.attempts == 0, outbox.c.seq < mine.seq)
        statement = select(outbox.c.id, outbox.c.seq).where(*place, *together).order_by(outbox.c.seq)
        others = (await self._connection.execute(statement)).all()
        if not others:
            return
        places = [*(row.seq for row in others), mine.seq]
        await self._connection.execute(update(outbox).where(outbox.c.seq.in_(places)).values(seq=-outbox.c.seq))
        for seq, row_id in zip(places, [message_id, *(row.id for row in others)], strict=True):
            await self._connection.execute(update(outbox).where(outbox.c.id == row_id).values(seq=seq))

    async def due(self, channel: str, *, least: Urgency = Urgency.BULK, limit: int = MOST_DUE) -> list[DueMessage]:
        """Return the messages of a channel that may be sent now, at most one of each conversation, in order.

        A message scheduled for later may be overtaken; one that failed and waits for its retry may not. All others may
        overtake bulk messages: an asker does not wait for their digest.
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
        return [DueMessage(row[0], row[1], Urgency(row[2])) for row in await self._connection.execute(statement)]

    async def claim(self, seqs: Collection[int], term: Term) -> list[OutboxRow]:
        """Claim these messages for sending, in their order; claim nothing when the term is over."""
        here = (outbox.c.seq.in_(list(seqs)), outbox.c.state == "new", Processes.leads(term))
        free = select(outbox.c.seq).where(*here).with_for_update(skip_locked=True)
        values = {"state": "leased", "owner": term.process, "claimed_at": self._now}
        statement = update(outbox).where(outbox.c.seq.in_(free)).values(**values, attempts=outbox.c.attempts + 1)
        rows = (await self._connection.execute(statement.returning(outbox))).all()
        return sorted((_leased(row, term) for row in rows), key=lambda row: (row.urgency, row.seq))

    async def stranded(self, term: Term, working_on: Collection[str]) -> list[OutboxRow]:
        """Return claims of the channel that no sender works on; ``working_on``: ids of what this process sends now."""
        where = (outbox.c.state == "leased", outbox.c.channel == term.channel, outbox.c.id.not_in(list(working_on)))
        return [_leased(row, term) for row in await self._connection.execute(select(outbox).where(*where))]

    async def give_back(self, row: OutboxRow) -> None:
        """Give the claim back without counting an attempt: the message never left this process."""
        values = {"state": "new", "owner": None, "claimed_at": None, "attempts": outbox.c.attempts - 1}
        await self._connection.execute(update(outbox).where(*_held(row)).values(**values))

    async def mark(self, message_id: str, trace: str) -> None:
        """Note, before an attempt, where the network would have the message."""
        await self._connection.execute(update(outbox).where(outbox.c.id == message_id).values(trace=trace))

    async def sent(self, row: OutboxRow, remote_id: str | None, *, farewell: bool = False) -> bool:
        """Note that the network has the message, and wipe its text; with ``farewell`` also wipe its destination.

        Like all that notes what became of a claim: return ``False`` when its owner has lost the claim on the row.
        """
        values = {"conversation": ""} if farewell else {}
        return await self._finish(row, "sent", remote_id=remote_id, payload=None, **values)

    async def unclear(self, row: OutboxRow, error: str) -> bool:
        """Note an unknown delivery status of a message that must not arrive twice."""
        return await self._finish(row, "unclear", error=error)

    async def dead(self, row: OutboxRow, error: str) -> bool:
        """Note that the message will never be delivered, and wipe its text."""
        return await self._finish(row, "dead", error=error, payload=None)

    async def retry(self, row: OutboxRow, *, not_before: datetime, error: str) -> bool:
        """Note that it was certainly not sent; try again later, unless it was withdrawn meanwhile."""
        values = FREE | {"state": UNLESS_WITHDRAWN, "not_before": not_before, "error": error}
        return (await self._connection.execute(update(outbox).where(*_held(row)).values(**values))).rowcount == 1

    async def holds(self, row: OutboxRow) -> bool:
        """Return whether the claim lasts; in this transaction only its owner can then change the row."""
        return await self._connection.scalar(select(outbox.c.id).where(*_held(row)).with_for_update()) is not None

    async def postpone(self, row: OutboxRow, *, not_before: datetime, reason: str) -> None:
        """Delay a message that our own rate limit held back, without counting an attempt; its notes stay."""
        free = FREE | {"attempts": outbox.c.attempts - 1}
        values = {"state": UNLESS_WITHDRAWN, "not_before": not_before, "error": func.coalesce(outbox.c.error, reason)}
        await self._connection.execute(update(outbox).where(*_held(row)).values(**free, **values))

    async def states(self, keys: Collection[str]) -> dict[str, str]:
        """Return the state of the messages by key; missing keys are gone or never existed."""
        where = outbox.c.key.in_(keys)
        return {row.key: row.state for row in await self._connection.execute(select(outbox).where(where))}

    async def take_back(self, keys: Collection[str]) -> set[str]:
        """Send none of these from now on; return the keys of those that certainly reached no one."""
        where = (outbox.c.key.in_(keys), outbox.c.state == "new")
        values = {"state": "dead", "payload": None, "finished_at": self._now}
        statement = update(outbox).where(*where).values(**values).returning(outbox.c.key, outbox.c.error)
        return {row.key for row in await self._connection.execute(statement) if "unclear" not in (row.error or "")}

    async def withdraw(self, message_ids: Collection[str]) -> frozenset[str]:
        """Withdraw these messages; return the ids of those that had been waiting, or were in doubt.

        One that is being sent right now loses its text: should the attempt fail, there is nothing left to retry.
        """
        here = outbox.c.id.in_(message_ids)
        values = {"state": "dead", "error": "withdrawn", "payload": None, "finished_at": self._now}
        waiting = update(outbox).where(here, outbox.c.state.in_(("new", "unclear", "held"))).values(**values)
        taken = frozenset((await self._connection.execute(waiting.returning(outbox.c.id))).scalars())
        await self._connection.execute(update(outbox).where(here, outbox.c.state == "leased").values(payload=None))
        return taken

    async def by_remote_id(self, channel: str, remote_id: str) -> str | None:
        """Return the outbox id of a message that the network knows under its own id."""
        where = (outbox.c.channel == channel, outbox.c.remote_id == remote_id)
        return await self._connection.scalar(select(outbox.c.id).where(*where).order_by(outbox.c.seq.desc()).limit(1))

    async def is_bulk(self, message_id: str) -> bool:
        """Return whether nobody waited for a message: a digest is one."""
        statement = select(outbox.c.id).where(outbox.c.id == message_id, outbox.c.urgency == Urgency.BULK)
        return await self._connection.scalar(statement) is not None

    async def sent_as(self, channel: str, remote_ids: Collection[str]) -> set[str]:
        """Return which of these ids of the network are messages that were sent."""
        where = (outbox.c.channel == channel, outbox.c.remote_id.in_(remote_ids))
        return set((await self._connection.scalars(select(outbox.c.remote_id).where(*where))).all())

    async def remote_id(self, message_id: str) -> str | None:
        """Return the network's id of a sent message."""
        return await self._connection.scalar(select(outbox.c.remote_id).where(outbox.c.id == message_id))

    async def last_remote_ids(self, channel: str, conversation: str | None = None, limit: int = 30) -> tuple[str, ...]:
        """Return the network's ids of the last messages sent, to one conversation or to any."""
        where = [outbox.c.channel == channel, outbox.c.remote_id.is_not(None)]
        where += [outbox.c.conversation == conversation] if conversation else []
        ids = select(outbox.c.remote_id).where(*where).order_by(outbox.c.finished_at.desc()).limit(limit)
        return tuple((await self._connection.execute(ids)).scalars())

    async def count(self) -> dict[str, int]:
        """Return the number of messages in each state."""
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
