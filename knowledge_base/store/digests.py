"""Which digests were made, what became of them, and what they are made of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Integer, Select, cast, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.codec import from_body
from knowledge_base.model import Record, RecordKind
from knowledge_base.store.outbox import Outbox
from knowledge_base.store.tables import account, digest_run, entry_feedback, outbox, record, record_change, subscription
from knowledge_base.store.upsert import insert_into

WEEKS_BACK = 70  # of one subscriber, that are read to tell nothing twice
RUNS_LAST = timedelta(days=500)
OF_ITS_TIME = timedelta(days=60)  # a row that is older serves no week that can be due: it was made ahead of its time


class DigestStatus(StrEnum):
    """What became of a digest."""

    QUEUED = "queued"
    SENT = "sent"
    UNCLEAR = "unclear"
    DEAD = "dead"
    EMPTY = "empty"  # nothing was new
    WITHDRAWN = "withdrawn"


RECEIVED = (
    DigestStatus.SENT,
    DigestStatus.UNCLEAR,
)  # an unclear one may have arrived: what it told is not told again by itself


@dataclass(frozen=True, slots=True)
class History:
    """What a subscriber has received, and the messages that still wait to be sent to them."""

    upto: int | None = None  # revision up to which they know everything; None: they never got a digest
    keys: frozenset[str] = frozenset()
    waiting: tuple[str, ...] = ()  # message ids


@dataclass(frozen=True, slots=True)
class News:
    """A record, and what happened to it lately: (revision, at, whether it was added, names of fields)."""

    kind: RecordKind
    id: str
    record: Record
    changes: tuple[tuple[int, datetime, bool, tuple[str, ...]], ...]


class Digests:
    """The rows (subscription, week)."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(
        self, subscription_id: str, week: str, state: DigestStatus, *, items: Sequence[str] = (), revision: int,
        message_id: str | None = None,
    ) -> bool:  # fmt: skip
        """Take the week; return ``False`` if it is taken already: then nothing may be sent.

        A row that was made long before its week came (by a wrong clock, or for a time that was typed) is replaced.
        """
        values = {"subscription_id": subscription_id, "week": week, "state": state, "told": list(items)}
        made = {"revision": revision, "message_id": message_id, "at": self._now}
        statement = insert_into(self._connection, digest_run).values(**values, **made)
        statement = statement.on_conflict_do_update(
            index_elements=["subscription_id", "week"], set_={"state": state, "told": list(items), **made},
            where=digest_run.c.at <= self._now - OF_ITS_TIME,
        ).returning(digest_run.c.week)  # fmt: skip
        return await self._connection.scalar(statement) is not None

    async def settle(self) -> None:
        """Note what became of messages, while the outbox still knows; whose private chat is gone is switched off."""
        became = select(outbox.c.state).where(outbox.c.id == digest_run.c.message_id).scalar_subquery()
        ended = select(outbox.c.id).where(outbox.c.state.in_(("sent", "unclear", "dead")))
        open_ones = (
            digest_run.c.state.in_((DigestStatus.QUEUED, DigestStatus.UNCLEAR)),
            digest_run.c.message_id.in_(ended),
        )
        await self._connection.execute(update(digest_run).where(*open_ones).values(state=became))
        reachable = select(account.c.person_id).where(
            account.c.person_id == subscription.c.person_id, account.c.channel == subscription.c.channel,
            account.c.active,
        )  # fmt: skip
        unreachable = (
            subscription.c.state == "on", subscription.c.person_id.is_not(None), subscription.c.conversation.is_(None),
            ~reachable.exists(),
        )  # fmt: skip
        values = {"state": "off", "changed_at": self._now}
        await self._connection.execute(update(subscription).where(*unreachable).values(**values))

    async def histories(self, subscription_ids: Collection[str], *, but_last: int = 0) -> dict[str, History]:
        """What each subscriber has received, ``but_last`` so many digests."""
        columns: list[Any] = [*digest_run.c, outbox.c.state.label("sending")]
        statement = (
            select(*columns)
            .outerjoin(outbox, outbox.c.id == digest_run.c.message_id)
            .where(digest_run.c.subscription_id.in_(subscription_ids))
            .order_by(digest_run.c.subscription_id, digest_run.c.at.desc(), digest_run.c.week.desc())
        )
        runs: dict[str, list[Any]] = defaultdict(list)
        for row in await self._connection.execute(statement):
            runs[row.subscription_id].append(row)
        return {
            subscription_id: _history(runs[subscription_id][but_last:WEEKS_BACK])
            for subscription_id in subscription_ids
        }

    async def withdraw(self, subscription_id: str) -> None:
        """What waits to be sent is not sent any more."""
        waiting = select(digest_run.c.message_id).where(
            digest_run.c.subscription_id == subscription_id,
            digest_run.c.state.in_((DigestStatus.QUEUED, DigestStatus.UNCLEAR)),
            digest_run.c.message_id.is_not(None),
        )  # fmt: skip
        await self.withdraw_messages(list((await self._connection.execute(waiting)).scalars()))

    async def withdraw_messages(self, message_ids: Collection[str]) -> frozenset[str]:
        """Take these back as far as they have not left; returns those that had been waiting."""
        taken = await Outbox(self._connection, self._now).withdraw(message_ids)
        if taken:
            where = digest_run.c.message_id.in_(taken)
            await self._connection.execute(update(digest_run).where(where).values(state=DigestStatus.WITHDRAWN))
        return taken

    async def last_items(self, subscription_id: str) -> tuple[str, ...]:
        """What the last digest that they got told, in order."""
        states = (DigestStatus.QUEUED, *RECEIVED)
        where = (digest_run.c.subscription_id == subscription_id, digest_run.c.state.in_(states))
        newest = (digest_run.c.at.desc(), digest_run.c.week.desc())
        statement = select(digest_run.c.told).where(*where).order_by(*newest).limit(1)
        return tuple(await self._connection.scalar(statement) or ())

    async def served(self, subscription_id: str, upto: str) -> str | None:
        """The last week that has a row, of those until ``upto``, the week that it is."""
        mine = digest_run.c.subscription_id == subscription_id
        week: str | None = await self._connection.scalar(last_served(self._now, upto).where(mine))
        return week

    async def states(self, message_ids: Collection[str]) -> dict[str, str]:
        """How the messages of digests stand in the outbox."""
        rows = await self._connection.execute(select(outbox.c.id, outbox.c.state).where(outbox.c.id.in_(message_ids)))
        return {row.id: row.state for row in rows}

    # --- what they are made of ----------------------------------------------------------------------------------

    async def news(self, kind: RecordKind, since: datetime, limit: int) -> list[News]:
        """The records of a kind that changed last, with what happened to them since."""
        latest = select(record).where(record.c.kind == kind, record.c.removed_at.is_(None))
        rows = (await self._connection.execute(latest.order_by(record.c.revision.desc()).limit(limit))).all()
        changes: dict[str, list[tuple[int, datetime, bool, tuple[str, ...]]]] = defaultdict(list)
        happened = select(record_change).where(record_change.c.kind == kind, record_change.c.at > since)
        for row in await self._connection.execute(happened.order_by(record_change.c.number)):
            changes[row.id].append((row.revision, row.at, row.what == "added", tuple(row.fields)))
        return [News(kind, row.id, from_body(kind, row.body), tuple(changes.get(row.id, ()))) for row in rows]

    # --- echo ----------------------------------------------------------------------------------------------------

    async def rate(self, item: str, person_id: str, useful: bool) -> None:
        """A person found an entry useful, or not; changing one's mind replaces it."""
        values = {"useful": useful, "at": self._now}
        statement = insert_into(self._connection, entry_feedback).values(item=item, person_id=person_id, **values)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["item", "person_id"], set_=values)
        )

    async def feedback(self, since: timedelta) -> tuple[int, int, int]:
        """How often entries were useful, how often not, and how many people said so; see there from five on only."""
        statement = select(
            func.coalesce(func.sum(cast(entry_feedback.c.useful, Integer)), 0),
            func.count(),
            func.count(entry_feedback.c.person_id.distinct()),
        ).where(entry_feedback.c.at > self._now - since)
        useful, total, people = (await self._connection.execute(statement)).one()
        return useful, total - useful, people

    async def forget(self, *, feedback: timedelta) -> int:
        """Delete rows of weeks long past, and feedback past its period."""
        old = await self._connection.execute(delete(digest_run).where(digest_run.c.at < self._now - RUNS_LAST))
        said = await self._connection.execute(delete(entry_feedback).where(entry_feedback.c.at < self._now - feedback))
        return old.rowcount + said.rowcount


def last_served(now: datetime, upto: str) -> Select[tuple[str]]:
    """Select the last week that has a row.

    Later weeks than ``upto`` do not count, nor rows made long before their week came: a clock that was ahead, or a time
    that somebody typed, takes no week from anybody.
    """
    return select(func.max(digest_run.c.week)).where(digest_run.c.week <= upto, digest_run.c.at > now - OF_ITS_TIME)


def _history(rows: Iterable[Any]) -> History:
    upto: list[int] = []
    keys: set[str] = set()
    waiting = []
    for row in rows:
        if row.state == DigestStatus.QUEUED and row.sending == "new":
            waiting.append(row.message_id)
        elif row.state in (DigestStatus.QUEUED, *RECEIVED):
            upto.append(row.revision)
            keys |= set(row.told)
        elif row.state == DigestStatus.EMPTY:
            upto.append(row.revision)
    return History(max(upto, default=None), frozenset(keys), tuple(waiting))
