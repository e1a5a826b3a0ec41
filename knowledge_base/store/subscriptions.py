"""Who wants a weekly digest: people and rooms, and what they wish."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid4, uuid5

from sqlalchemy import Row, Select, bindparam, delete, func, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.clock import FOLLOWED
from knowledge_base.store.digests import Digests, last_served
from knowledge_base.store.people import hold_person
from knowledge_base.store.tables import account, digest_run, profile, subscription
from knowledge_base.store.upsert import insert_into

ON, OFF = "on", "off"
EVERYTHING: tuple[str, ...] = ()  # topics of who wants all


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a person or a room wants to hear weekly."""

    id: str
    person_id: str | None  # None: a room's
    channel: str
    conversation: str | None  # of a room, or a confirmed mail address; None: the person's private chat
    topics: tuple[str, ...] = EVERYTHING
    region: tuple[str, ...] = ()  # "near:" (of their own municipality), "near:NAME", "place:NAME", "state:NAME"
    weekday: int = 0
    hour: int = 8
    language: str | None = None
    sign_of_life: bool = False
    state: str = OFF
    since: datetime
    paused_until: datetime | None = None
    unopened: dict[str, int]
    changed_at: datetime

    @property
    def is_on(self) -> bool:
        """Whether digests are made; in a pause it stays on."""
        return self.state == ON


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A subscription with what decides when its digest is due."""

    subscription: Subscription
    municipality: str  # id of the person's own; empty: not told
    served: str | None  # the last week until now that has a row
    next_due_at: datetime | None = None  # as it is stored; ``None``: not worked out
    looked_at: datetime | None = None


class Subscriptions:
    """The subscriptions."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def of_person(self, person_id: str) -> Subscription | None:
        """The subscription of a person, also one that is off."""
        return await self._one(select(subscription).where(subscription.c.person_id == person_id))

    async def of_room(self, channel: str, conversation: str) -> Subscription | None:
        """The subscription of a room, also one that is off."""
        where = (subscription.c.channel == channel, subscription.c.conversation == conversation)
        return await self._one(select(subscription).where(*where, subscription.c.person_id.is_(None)))

    async def get(self, subscription_id: str) -> Subscription | None:
        """A subscription by its id."""
        return await self._one(select(subscription).where(subscription.c.id == subscription_id))

    def fresh(self, channel: str, *, person_id: str | None = None, room: str | None = None) -> Subscription:
        """One that nobody has stored yet, with the usual wishes, off. Two that a room asks for at once are one."""
        own = uuid5(NAMESPACE_URL, f"{channel}:{room}") if room else uuid4()
        return Subscription(
            id=own.hex, person_id=person_id, channel=channel, conversation=room, since=self._now, unopened={},
            changed_at=self._now,
        )  # fmt: skip

    async def save(self, wanted: Subscription) -> Subscription:
        """Store it. One that is switched on begins now; what waits to be sent is withdrawn when it is off or paused."""
        if wanted.person_id:  # of two that a person asks for at once, the second changes the first
            await hold_person(self._connection, wanted.person_id)
            stored = await self.of_person(wanted.person_id)
            wanted = replace(wanted, id=stored.id) if stored else wanted
        before = await self.get(wanted.id)
        begins = wanted.is_on and not (before and before.is_on)
        after = replace(wanted, changed_at=self._now, since=self._now if begins else wanted.since)
        if before and before.paused_until and before.paused_until > self._now and after.paused_until is None:
            after = replace(after, paused_until=self._now)  # a pause that ends early: what fell into it is not made up
        values = {**asdict(after), "topics": list(after.topics), "region": list(after.region), "next_due_at": None}
        statement = insert_into(self._connection, subscription).values(**values)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=values))
        if not after.is_on or (after.paused_until and after.paused_until > self._now):
            await Digests(self._connection, self._now).withdraw(after.id)
        return after

    async def end_of_person(self, person_id: str) -> bool:
        """Unsubscribe a person, by whatever way; ``False`` when there was nothing to end."""
        await hold_person(self._connection, person_id)
        stored = await self.of_person(person_id)
        if stored is None or not stored.is_on:
            return False
        await self.save(replace(stored, state=OFF))
        return True

    async def gone(self, channel: str, conversation: str) -> None:
        """Nothing reaches a room, mail address or private chat any more: only a new subscription brings digests back.

        The subscription to a private chat ends with the last account of the person on its network. Call it when the
        account is switched off.
        """
        here = (account.c.channel == channel, account.c.conversation == conversation)
        other = account.alias("other")
        reachable = select(1).where(
            other.c.person_id == subscription.c.person_id, other.c.channel == channel, other.c.active
        )
        private = (
            subscription.c.conversation.is_(None),
            subscription.c.person_id.in_(select(account.c.person_id).where(*here)),
            ~reachable.exists(), subscription.c.state == ON,
        )  # fmt: skip
        values = {"state": OFF, "changed_at": self._now}
        for where in ((subscription.c.conversation == conversation,), private):
            ended = update(subscription).where(subscription.c.channel == channel, *where)
            await self._connection.execute(ended.values(**values))

    async def opened(self, person_id: str, topics: Collection[str]) -> None:
        """The person opened something about these topics: none of them bores them."""
        stored = await self._one(select(subscription).where(subscription.c.person_id == person_id).with_for_update())
        if stored and any(topic in stored.unopened for topic in topics):
            rest = {topic: count for topic, count in stored.unopened.items() if topic not in topics}
            where = subscription.c.id == stored.id
            await self._connection.execute(update(subscription).where(where).values(unopened=rest))

    async def note_unopened(self, subscription_id: str, unopened: dict[str, int]) -> None:
        """After a digest: how many in a row each of its topics has now gone unopened."""
        where = subscription.c.id == subscription_id
        await self._connection.execute(update(subscription).where(where).values(unopened=unopened))

    async def due(self, now: datetime) -> list[str]:
        """Return the ids of those whose digest may be due at ``now``, found by indexes.

        None that is due is missing. A time that was worked out later than ``now``, by a clock that was ahead, is not
        believed.
        """
        at, looked = subscription.c.next_due_at, subscription.c.looked_at
        conditions = (at.is_(None), at <= now, looked > now + FOLLOWED)
        mine = select(subscription.c.id).where(subscription.c.state == ON)
        due_ids = union(*(mine.where(condition) for condition in conditions))
        return sorted((await self._connection.execute(due_ids)).scalars())

    async def all_on(self) -> list[str]:
        """Return the ids of all that are on, in order."""
        statement = select(subscription.c.id).where(subscription.c.state == ON).order_by(subscription.c.id)
        return list((await self._connection.execute(statement)).scalars())

    async def hold(self, ids: Collection[str]) -> None:
        """Lock these until the end of the transaction: what is read of them now stays so."""
        held = select(subscription.c.id).where(subscription.c.id.in_(ids)).order_by(subscription.c.id)
        await self._connection.execute(held.with_for_update())

    async def subscribers(
        self, ids: Collection[str], upto: str, *, later: timedelta = timedelta(0)
    ) -> list[Subscriber]:
        """Return those of these ids that are on, in order of id.

        ``upto`` is the week that it is. ``later``: what was served as it will count so much later.
        """
        served = last_served(self._now + later, upto).where(digest_run.c.subscription_id == subscription.c.id)
        columns: list[Any] = [*subscription.c, profile.c.municipality, served.scalar_subquery().label("served")]
        statement = (
            select(*columns)
            .outerjoin(profile, profile.c.person_id == subscription.c.person_id)
            .where(subscription.c.state == ON, subscription.c.id.in_(ids))
            .order_by(subscription.c.id)
        )
        return [
            Subscriber(_subscription(row), row.municipality or "", row.served, row.next_due_at, row.looked_at)
            for row in await self._connection.execute(statement)
        ]

    async def due_next(self, times: Collection[tuple[str, datetime]], at: datetime) -> None:
        """Store when digests are due next, worked out ``at`` that time in this transaction: (id, time).

        Hold the subscriptions before you read what the times follow from.
        """
        if times:
            changed = update(subscription).where(subscription.c.id == bindparam("one"))
            statement = changed.values(next_due_at=bindparam("time"), looked_at=at)
            await self._connection.execute(
                statement, [{"one": subscription_id, "time": time} for subscription_id, time in times]
            )

    async def unchanged(self, subscriptions: Sequence[Subscription]) -> frozenset[str]:
        """The ids of those that are still on and as they were read; locked until the end of the transaction."""
        ids = [subscription.id for subscription in subscriptions]
        statement = select(subscription.c.id, subscription.c.changed_at).where(
            subscription.c.id.in_(ids), subscription.c.state == ON
        )
        rows = await self._connection.execute(statement.order_by(subscription.c.id).with_for_update())
        changed: dict[str, datetime] = {row.id: row.changed_at for row in rows}
        return frozenset(
            subscription.id for subscription in subscriptions if changed.get(subscription.id) == subscription.changed_at
        )

    async def count(self) -> int:
        """How many are on."""
        statement = select(func.count()).select_from(subscription).where(subscription.c.state == ON)
        return int(await self._connection.scalar(statement) or 0)

    async def forget(self, older_than: timedelta) -> int:
        """Delete subscriptions that were ended long ago."""
        where = (subscription.c.state == OFF, subscription.c.changed_at < self._now - older_than)
        return (await self._connection.execute(delete(subscription).where(*where))).rowcount

    async def _one(self, statement: Select[Any]) -> Subscription | None:
        row = (await self._connection.execute(statement)).first()
        return _subscription(row) if row else None


def _subscription(row: Row[Any]) -> Subscription:
    values = {name: getattr(row, name) for name in Subscription.__dataclass_fields__}
    return Subscription(**{**values, "topics": tuple(row.topics), "region": tuple(row.region)})
