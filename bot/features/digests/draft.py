"""A digest before it is stored: what it tells one subscriber, and the outcome for operators; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.features.digests.common import Stock
from bot.features.digests.due import DueSubscriber
from bot.features.digests.recipients import Recipient
from knowledge_base.digests.content import PastDigests, Selection, choose
from knowledge_base.digests.schedule import BERLIN, Week
from knowledge_base.store.digests import History
from knowledge_base.store.subscriptions import Subscriber, Subscription

BORED = 6  # digests in a row without an opened entry of a topic, until the bot offers to drop the topic


class Reason:
    """The reason why a subscriber gets no digest now, for operators."""

    NOTHING_NEW = "nothing_new"
    UNREACHABLE = "unreachable"
    APPROVAL = "awaits_approval"
    CHANGED = "changed_meanwhile"


@dataclass(frozen=True, slots=True)
class DigestOutcome:
    """What came of one recipient; ``items`` are keys of entries."""

    channel: str
    week: Week
    state: str  # due | queued | skipped
    items: tuple[str, ...] = ()
    reason: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    due: DueSubscriber
    to: Recipient
    history: History
    chosen: Selection
    bored: str


def chosen(subscriber: Subscriber, history: History, read: Stock, now: datetime) -> Selection:
    subscription = subscriber.subscription
    past = PastDigests(since=subscription.since, upto=history.upto, keys=history.keys)
    today = now.astimezone(BERLIN).date()
    return choose(
        read.material.candidates, read.atlas.interest(subscription, subscriber.municipality), past, today, now
    )


def bored_topic(subscription: Subscription) -> str:
    """Return a topic without an opened entry for a long time; never the only topic."""
    if len(subscription.topics) < 2:
        return ""
    return next((topic for topic in subscription.topics if subscription.unopened.get(topic, 0) >= BORED), "")


def unopened(draft: Draft) -> dict[str, int]:
    """Count one more digest with these topics and no opened entry; a topic that was offered starts again at zero."""
    subscription = draft.due.subscription
    shown = {topic for entry in draft.chosen.entries for topic in entry.candidate.topics}
    counts = {topic: subscription.unopened.get(topic, 0) + (topic in shown) for topic in subscription.topics}
    return {topic: count for topic, count in counts.items() if count and topic != draft.bored}


def skipped(due: DueSubscriber, reason: str) -> DigestOutcome:
    return DigestOutcome(due.subscription.channel, due.week, "skipped", reason=reason)


def due_outcome(draft: Draft) -> DigestOutcome:
    subscription = draft.due.subscription
    if not draft.chosen.entries and not subscription.sign_of_life:
        return skipped(draft.due, Reason.NOTHING_NEW)
    keys = tuple(entry.candidate.key for entry in draft.chosen.entries)
    return replace(DigestOutcome(subscription.channel, draft.due.week, "due"), items=keys)
