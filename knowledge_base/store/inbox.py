"""Incoming messages: kept before the network forgets them, handled once.

A row is ``new`` until the transaction that stores its effects and its answer marks it ``done``; so a message survives a
kill at any point and has its effect once. A process claims a row before it works on it, and ``done`` only holds for the
process that has the claim; a claim ends when its owner is gone (``knowledge_base.store.processes``). A row that fails
repeatedly is ``quarantined``. A handled question is ``asked`` instead of ``done``: it counts for the limit of its
author, even when it is taken back later. A message beyond a limit is ``limited``. A part of a message, of which the
rest may follow, is ``early`` until it is released; then it is ``new``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.processes import Processes
from knowledge_base.store.tables import account, cursor, inbox
from knowledge_base.store.upsert import insert_into

MOST_HEADS = 1_000  # conversations considered for the next claim
ROWS_AT_ONCE = 500  # parameters in one statement that every database accepts
HANDLED = ("done", "asked", "limited")
WAITING = ("new", "early")


@dataclass(frozen=True, slots=True)
class Received:
    """A message to be taken in: ``payload`` is its JSON form."""

    channel: str
    event_id: str
    conversation: str
    user_id: str
    payload: Mapping[str, Any]
    early: bool = False


@dataclass(frozen=True, slots=True)
class Waiting:
    """The oldest unhandled message of a conversation that no process works on."""

    seq: int
    channel: str
    conversation: str
    user_id: str
    attempts: int


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A message that this process has claimed."""

    seq: int
    channel: str
    conversation: str
    event_id: str
    user_id: str
    payload: Mapping[str, Any]
    attempts: int  # this one included
    received_at: datetime
    owner: str


class Inbox:
    """The durable inbox."""

    def __init__(self, connection: AsyncConnection, now: datetime, *, ended: Callable[[], None] = lambda: None) -> None:
        """Take the open transaction; call ``ended`` when a message is handled: the next one may start."""
        self._connection = connection
        self._now = now
        self._ended = ended

    async def add(self, messages: Sequence[Received], *, most_of_one: int = 0) -> int:
        """Take messages in, in order, except those known by their event id; return how many are to be done.

        ``most_of_one`` is the number of messages of one user that may wait (0: any number). A message beyond it is
        stored as ``limited`` without its text and never handled, so that other users do not wait behind it.
        """
        fresh = await self._fresh(messages)
        waiting = await self._waiting_of(fresh) if most_of_one and fresh else Counter()
        rows = []
        for message in fresh:
            author = (message.channel, message.user_id)
            beyond = bool(most_of_one) and waiting[author] >= most_of_one
            waiting[author] += not beyond
            row = {
                "channel": message.channel,
                "event_id": message.event_id,
                "conversation": message.conversation,
                "user_id": message.user_id,
                "payload": None if beyond else dict(message.payload),
                "state": "limited" if beyond else "early" if message.early else "new",
                "handled_at": self._now if beyond else None,
                "attempts": 0,
                "received_at": self._now,
            }
            rows.append(row)
        added = 0
        for start in range(0, len(rows), ROWS_AT_ONCE):
            statement = insert_into(self._connection, inbox).values(rows[start : start + ROWS_AT_ONCE])
            states = await self._connection.scalars(statement.on_conflict_do_nothing().returning(inbox.c.state))
            added += sum(state in WAITING for state in states)
        return added

    async def _fresh(self, messages: Sequence[Received]) -> list[Received]:
        """Return the messages with a new event id, each once, in their order."""
        fresh: dict[tuple[str, str], Received] = {}
        for message in messages:
            fresh.setdefault((message.channel, message.event_id), message)
        ids = list(fresh)
        for start in range(0, len(ids), ROWS_AT_ONCE):
            here = tuple_(inbox.c.channel, inbox.c.event_id).in_(ids[start : start + ROWS_AT_ONCE])
            for channel, event_id in await self._connection.execute(
                select(inbox.c.channel, inbox.c.event_id).where(here)
            ):
                del fresh[channel, event_id]
        return list(fresh.values())

    async def _waiting_of(self, messages: Sequence[Received]) -> Counter[tuple[str, str]]:
        """Return the number of waiting messages of these authors."""
        authors = {(message.channel, message.user_id) for message in messages}
        where = (inbox.c.state.in_(WAITING), tuple_(inbox.c.channel, inbox.c.user_id).in_(authors))
        columns = (inbox.c.channel, inbox.c.user_id)
        rows = await self._connection.execute(select(*columns, func.count()).where(*where).group_by(*columns))
        return Counter({(row[0], row[1]): row[2] for row in rows})

    async def release(self, channel: str, before: datetime) -> bool:
        """Let the early messages be handled that were taken in until ``before``; return whether later ones are left."""
        early = (inbox.c.channel == channel, inbox.c.state == "early")
        released = update(inbox).where(*early, inbox.c.received_at <= before).values(state="new")
        await self._connection.execute(released)
        return await self.has_early(channel)

    async def has_early(self, channel: str) -> bool:
        """Return whether early messages of a channel wait."""
        early = (inbox.c.channel == channel, inbox.c.state == "early")
        return await self._connection.scalar(select(inbox.c.seq).where(*early).limit(1)) is not None

    async def waiting(self, channels: Collection[str], me: str, *, limit: int = MOST_HEADS) -> list[Waiting]:
        """Return the oldest unhandled message of each conversation of these channels, oldest first.

        Conversations in which another living process works are left out. Claims of this process are included: it knows
        what it works on, and an unknown claim means that the reply to its COMMIT was lost.
        """
        where = (inbox.c.state == "new", inbox.c.channel.in_(list(channels)))
        first = select(func.min(inbox.c.seq)).where(*where).group_by(inbox.c.channel, inbox.c.conversation)
        columns = (inbox.c.seq, inbox.c.channel, inbox.c.conversation, inbox.c.user_id, inbox.c.attempts)
        rows = await self._connection.execute(
            select(*columns).where(inbox.c.seq.in_(first), self._free(me)).order_by(inbox.c.seq).limit(limit)
        )
        return [Waiting(*row) for row in rows]

    async def claim(self, seqs: Collection[int], me: str) -> list[InboxRow]:
        """Claim these rows, in their order, except those that another process claimed first.

        The attempt is counted before it is made, so that a message that kills the process is found out.
        """
        here = (inbox.c.seq.in_(list(seqs)), inbox.c.state == "new", self._free(me))
        free = select(inbox.c.seq).where(*here).with_for_update(skip_locked=True)
        values = {"owner": me, "claimed_at": self._now, "attempts": inbox.c.attempts + 1}
        statement = update(inbox).where(inbox.c.seq.in_(free)).values(**values).returning(inbox)
        rows = (await self._connection.execute(statement)).all()
        return [
            InboxRow(
                seq=row.seq,
                channel=row.channel,
                conversation=row.conversation,
                event_id=row.event_id,
                user_id=row.user_id,
                payload=row.payload,
                attempts=row.attempts,
                received_at=row.received_at,
                owner=me,
            )
            for row in sorted(rows, key=lambda row: row.seq)
        ]

    async def give_back(self, row: InboxRow) -> None:
        """Give up the claim: any process may take the row.

        The attempt counts: a message that always fails must end some day.
        """
        values = {"owner": None, "claimed_at": None}
        await self._connection.execute(update(inbox).where(*_held(row)).values(**values))

    def _free(self, me: str) -> ColumnElement[bool]:
        lives = Processes(self._connection, self._now).lives(inbox.c.owner)
        return or_(inbox.c.owner.is_(None), inbox.c.owner == me, ~lives)

    async def done(self, row: InboxRow) -> bool:
        """Mark a row as handled and wipe its text.

        Return ``False`` when the row is not ours any more: another process has it, or its author took it back.
        """
        return await self._end(row, "done")

    async def mark(self, row: InboxRow, state: str) -> None:
        """Count the handled message as ``asked`` or ``limited``; call it after ``done`` in its transaction."""
        where = (inbox.c.seq == row.seq, inbox.c.state == "done")
        await self._connection.execute(update(inbox).where(*where).values(state=state))

    async def quarantine(self, row: InboxRow) -> bool:
        """Give up on a message; count it, and keep it without its text. Return ``False`` as ``done`` does."""
        return await self._end(row, "quarantined")

    async def _end(self, row: InboxRow, state: str) -> bool:
        values = {"state": state, "payload": None, "handled_at": self._now}
        self._ended()
        return (await self._connection.execute(update(inbox).where(*_held(row)).values(**values))).rowcount == 1

    async def refuse(self, channel: str, event_id: str, conversation: str, user_id: str) -> None:
        """Note a message that can never be handled, once, without its content."""
        statement = insert_into(self._connection, inbox).values(
            channel=channel, event_id=event_id, conversation=conversation, user_id=user_id, payload=None,
            state="quarantined", attempts=0, received_at=self._now, handled_at=self._now,
        )  # fmt: skip
        await self._connection.execute(statement.on_conflict_do_nothing())

    async def count(self) -> dict[str, int]:
        """Return the number of messages in each state, questions included in the done."""
        rows = await self._connection.execute(select(inbox.c.state, func.count()).group_by(inbox.c.state))
        counts: Counter[str] = Counter()
        for state, number in rows:
            counts["done" if state in HANDLED else "new" if state in WAITING else state] += number
        return dict(counts)

    async def left(self) -> int:
        """Return the number of unhandled messages."""
        return await self._connection.scalar(select(func.count()).where(inbox.c.state.in_(WAITING))) or 0

    async def asked_since(self, person_id: str, since: datetime) -> int:
        """Return the number of a person's questions answered since a moment, on any of their accounts.

        Edited and retracted ones count.
        """
        return await self._since(person_id, since, ("asked",))

    async def limited_since(self, row: InboxRow, since: datetime) -> bool:
        """Return whether a message of this account went beyond a limit since a moment."""
        author = (inbox.c.channel == row.channel, inbox.c.user_id == row.user_id)
        where = (inbox.c.received_at > since, inbox.c.state == "limited", inbox.c.seq != row.seq)
        return await self._connection.scalar(select(inbox.c.seq).where(*author, *where).limit(1)) is not None

    async def handled_since(self, person_id: str, since: datetime) -> int:
        """Return the number of a person's messages of any kind handled since a moment."""
        return await self._since(person_id, since, HANDLED)

    async def _since(self, person_id: str, since: datetime, states: Sequence[str]) -> int:
        theirs = (account.c.channel == inbox.c.channel, account.c.user_id == inbox.c.user_id)
        where = (account.c.person_id == person_id, inbox.c.received_at > since, inbox.c.state.in_(states))
        return await self._connection.scalar(select(func.count(inbox.c.seq)).where(*theirs, *where)) or 0

    async def drop_messages(self, channel: str, event_ids: Collection[str]) -> int:
        """Wipe messages that their author took back before they were handled; return their number."""
        where = (inbox.c.channel == channel, inbox.c.event_id.in_(list(event_ids)), inbox.c.state.in_(WAITING))
        values = {"state": "done", "payload": None, "handled_at": self._now}
        return (await self._connection.execute(update(inbox).where(*where).values(**values))).rowcount

    async def received(self, channel: str, event_ids: Collection[str]) -> set[str]:
        """Return which of these events were taken in lately."""
        where = (inbox.c.channel == channel, inbox.c.event_id.in_(event_ids))
        return set((await self._connection.scalars(select(inbox.c.event_id).where(*where))).all())

    async def cursor(self, channel: str) -> str | None:
        """Return the position up to which a channel has read its network."""
        return await self._connection.scalar(select(cursor.c.value).where(cursor.c.channel == channel))

    async def set_cursor(self, channel: str, value: str) -> None:
        """Store the position; call it in the transaction that takes the messages in."""
        statement = insert_into(self._connection, cursor).values(channel=channel, value=value)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["channel"], set_={"value": value})
        )

    async def forget(self, older_than: timedelta) -> int:
        """Delete handled rows that no network can deliver again."""
        where = (inbox.c.state.not_in(WAITING), inbox.c.handled_at < self._now - older_than)
        return (await self._connection.execute(delete(inbox).where(*where))).rowcount


def _held(row: InboxRow) -> tuple[ColumnElement[bool], ...]:
    return (inbox.c.seq == row.seq, inbox.c.state == "new", inbox.c.owner == row.owner)
