"""Find the digests that are due, and compute when the others are due next.

The stored time of a subscription is never later than its digest is due: what changes the schedule takes it away, and
the next look works it out again. So at rest one query by an index shows that nothing is due.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from knowledge_base.clock import FOLLOWED
from knowledge_base.digests.material import Atlas
from knowledge_base.digests.schedule import SlotStatus, Week, next_look, stand, week_of
from knowledge_base.store.database import Store
from knowledge_base.store.subscriptions import Subscriber, Subscription
from knowledge_base.store.transaction import Transaction

PAGE = 200  # subscriptions looked at in one go
SOON = timedelta(days=14)  # a row that ceases to count so soon does not count for the next look: see ``last_served``


@dataclass(frozen=True, slots=True)
class DueSubscriber:
    """A subscriber with a digest of this week that is due."""

    subscriber: Subscriber
    week: Week

    @property
    def subscription(self) -> Subscription:
        """The subscription of the subscriber."""
        return self.subscriber.subscription


class Look(NamedTuple):
    """The result of a look at subscriptions."""

    due: list[DueSubscriber]
    others: list[tuple[str, Week, SlotStatus]]  # channel, week of the newest slot, and how it stands
    outdated: list[str]  # ids of those that are not due, and whose stored time is not right


async def look(store: Store, atlas: Atlas, ids: Sequence[str], now: datetime) -> Look:
    """Return how the subscriptions with these ids stand at ``now``; store nothing."""
    result = Look([], [], [])
    for start in range(0, len(ids), PAGE):
        async with store.read() as tx:
            page = await tx.subscriptions.subscribers(ids[start : start + PAGE], str(week_of(now)))
            at = tx.now
        for subscriber in page:
            week, standing = stand(atlas.schedule(subscriber), now, _served(subscriber))
            if standing is SlotStatus.DUE:
                result.due.append(DueSubscriber(subscriber, week))
                continue
            if standing is not SlotStatus.BEFORE:
                result.others.append((subscriber.subscription.channel, week, standing))
            if _is_outdated(atlas, subscriber, at):
                result.outdated.append(subscriber.subscription.id)
        await asyncio.sleep(0)
    return result


async def work_out(tx: Transaction, atlas: Atlas, ids: Collection[str]) -> None:
    """Store when the digests of these subscriptions are due next; leave those that are due now as they are."""
    await tx.subscriptions.hold(ids)
    subscribers = await tx.subscriptions.subscribers(ids, str(week_of(tx.now)), later=SOON)
    times = ((subscriber.subscription.id, _next(atlas, subscriber, tx.now)) for subscriber in subscribers)
    await tx.subscriptions.due_next(
        [(subscription_id, time) for subscription_id, time in times if time is not None], tx.now
    )


def _is_outdated(atlas: Atlas, subscriber: Subscriber, at: datetime) -> bool:
    time = _next(atlas, subscriber, at)
    looked = subscriber.looked_at
    return time is not None and (time != subscriber.next_due_at or looked is None or looked > at + FOLLOWED)


def _next(atlas: Atlas, subscriber: Subscriber, at: datetime) -> datetime | None:
    return next_look(atlas.schedule(subscriber), at, _served(subscriber))


def _served(subscriber: Subscriber) -> Week | None:
    return Week.parse(subscriber.served) if subscriber.served else None
