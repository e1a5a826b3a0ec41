"""What networks delivered: kept before they forget it, handled once.

A row is ``new`` until the transaction that stores its effects and its answer marks it ``done``; so a message survives
a kill at any point and has its effect once. A row that fails again and again is ``quarantined``. A handled question is
``asked`` instead of ``done``: it counts for the limit of its author, even when it is taken back later.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import account, cursor, inbox
from knowledge_base.store.upsert import insert_into


@dataclass(frozen=True, slots=True)
class Received:
    """A message to be taken in: ``payload`` is its JSON form."""

    channel: str
    event_id: str
    conversation: str
    user_id: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InboxRow:
    """A message taken in and not handled yet."""

    seq: int
    channel: str
    conversation: str
    event_id: str
    user_id: str
    payload: Mapping[str, Any]
    attempts: int
    received_at: datetime


class Inbox:
    """The durable inbox."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, messages: Sequence[Received]) -> int:
        """Take messages in, in order; those already known by their event id are left. Returns how many are new."""
        added = 0
        for message in messages:
            values = {
                "channel": message.channel,
                "event_id": message.event_id,
                "conversation": message.conversation,
                "user_id": message.user_id,
                "payload": dict(message.payload),
            }
            statement = insert_into(self._connection, inbox).values(
                **values, state="new", attempts=0, received_at=self._now
            )
            statement = statement.on_conflict_do_nothing().returning(inbox.c.seq)
            added += await self._connection.scalar(statement) is not None
        return added

    async def waiting(self, channels: Collection[str], *, limit: int = 200) -> list[InboxRow]:
        """The oldest message not handled yet of each conversation of these channels, oldest first."""
        where = (inbox.c.state == "new", inbox.c.channel.in_(list(channels)))
        first = select(func.min(inbox.c.seq)).where(*where).group_by(inbox.c.channel, inbox.c.conversation)
        rows = await self._connection.execute(
            select(inbox).where(inbox.c.seq.in_(first)).order_by(inbox.c.seq).limit(limit)
        )
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
            )
            for row in rows
        ]

    async def try_again(self, seq: int) -> int:
        """Count an attempt before it is made, so that a message that kills the process is found out."""
        statement = (
            update(inbox).where(inbox.c.seq == seq).values(attempts=inbox.c.attempts + 1).returning(inbox.c.attempts)
        )
        return await self._connection.scalar(statement) or 0

    async def done(self, seq: int) -> bool:
        """Handled; ``False`` when somebody else was faster. The text is not needed any more and is wiped."""
        where = (inbox.c.seq == seq, inbox.c.state == "new")
        values = {"state": "done", "payload": None, "handled_at": self._now}
        return (await self._connection.execute(update(inbox).where(*where).values(**values))).rowcount == 1

    async def asked(self, seq: int) -> None:
        """The message that was handled is a question; follows ``done`` in the same transaction."""
        where = (inbox.c.seq == seq, inbox.c.state == "done")
        await self._connection.execute(update(inbox).where(*where).values(state="asked"))

    async def quarantine(self, seq: int) -> None:
        """Give up on a message; it is counted, and kept without its text."""
        values = {"state": "quarantined", "payload": None, "handled_at": self._now}
        await self._connection.execute(update(inbox).where(inbox.c.seq == seq).values(**values))

    async def refuse(self, channel: str, event_id: str, conversation: str, user_id: str) -> None:
        """Note what cannot be handled at all, once; nothing of its content is kept."""
        statement = insert_into(self._connection, inbox).values(
            channel=channel, event_id=event_id, conversation=conversation, user_id=user_id, payload=None,
            state="quarantined", attempts=0, received_at=self._now, handled_at=self._now,
        )  # fmt: skip
        await self._connection.execute(statement.on_conflict_do_nothing())

    async def count(self) -> dict[str, int]:
        """How many messages there are in each state, questions among the done."""
        rows = await self._connection.execute(select(inbox.c.state, func.count()).group_by(inbox.c.state))
        counts: Counter[str] = Counter()
        for state, number in rows:
            counts["done" if state == "asked" else state] += number
        return dict(counts)

    async def left(self) -> int:
        """How many messages are not handled yet."""
        return await self._connection.scalar(select(func.count()).where(inbox.c.state == "new")) or 0

    async def asked_since(self, person_id: str, since: datetime) -> int:
        """How many questions of a person were answered since a moment, on whichever account of theirs, those edited or
        taken back included.
        """
        theirs = (account.c.channel == inbox.c.channel, account.c.user_id == inbox.c.user_id)
        where = (account.c.person_id == person_id, inbox.c.received_at > since, inbox.c.state == "asked")
        return await self._connection.scalar(select(func.count(inbox.c.seq)).where(*theirs, *where)) or 0

    async def drop_messages(self, channel: str, event_ids: Collection[str]) -> int:
        """Wipe messages that their author took back before they were handled; returns how many."""
        where = (inbox.c.channel == channel, inbox.c.event_id.in_(list(event_ids)), inbox.c.state == "new")
        values = {"state": "done", "payload": None, "handled_at": self._now}
        return (await self._connection.execute(update(inbox).where(*where).values(**values))).rowcount

    async def cursor(self, channel: str) -> str | None:
        """How far a channel has read its network."""
        return await self._connection.scalar(select(cursor.c.value).where(cursor.c.channel == channel))

    async def set_cursor(self, channel: str, value: str) -> None:
        """Move on; belongs into the transaction that takes the messages in."""
        statement = insert_into(self._connection, cursor).values(channel=channel, value=value)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["channel"], set_={"value": value})
        )

    async def forget(self, older_than: timedelta) -> int:
        """Delete handled rows that no network can deliver again."""
        where = (inbox.c.state != "new", inbox.c.handled_at < self._now - older_than)
        return (await self._connection.execute(delete(inbox).where(*where))).rowcount
