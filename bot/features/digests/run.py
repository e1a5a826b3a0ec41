"""Make the digests that are due: a few at a time, each once, however often and in however many processes this runs.

Read who is due, choose for each of them, then store week and message in one short transaction: the row (subscription,
week) is unique, so of two processes one stores it, and the other nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import perf_counter

import structlog

from bot.features.digests.due import PAGE, Due, look, work_out
from bot.features.digests.edition import BEGUN, Stock, stock
from bot.features.digests.recipients import Recipient, recipients
from bot.features.digests.render import Issue, Place, digest
from bot.messages import MessageAudience, Say
from bot.messages.envelope import Envelope
from bot.outgoing.links import UNSUBSCRIBE, Links
from bot.outgoing.notify import UNSUBSCRIBE_LASTS
from knowledge_base.digests.content import PastDigests, Selection, choose
from knowledge_base.digests.material import Atlas
from knowledge_base.digests.schedule import BERLIN, Standing, Week, week_of
from knowledge_base.failpoints import reached
from knowledge_base.search.understanding.gazetteer import Gazetteer
from knowledge_base.store.database import Store
from knowledge_base.store.digests import History, Run
from knowledge_base.store.outbox import Urgency, new_id
from knowledge_base.store.subscriptions import Subscriber, Subscription
from knowledge_base.store.transaction import Transaction
from knowledge_base.vocabulary import bundled

log = structlog.get_logger()

AT_ONCE = 5  # digests of one transaction: answers wait for it no longer than for any other
BUTTONS_LAST = timedelta(days=8)  # until the next one is there
BORED = 6  # digests in a row without an opened entry of a topic, until the bot offers to drop the topic


class Reason:
    """The reason why a subscriber gets no digest now, for operators."""

    NOTHING_NEW = "nothing_new"
    UNREACHABLE = "unreachable"
    APPROVAL = "awaits_approval"
    CHANGED = "changed_meanwhile"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one recipient; ``items`` are keys of entries."""

    channel: str
    week: Week
    state: str  # due | queued | skipped
    items: tuple[str, ...] = ()
    reason: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class _Made:
    due: Due
    to: Recipient
    history: History
    chosen: Selection
    bored: str


class Digests:
    """The digests of one database. ``buttons`` are the channels that have any."""

    def __init__(
        self,
        store: Store,
        gazetteer: Callable[[], Gazetteer],
        links: Links,
        *,
        carries: Callable[[str], bool],
        buttons: Collection[str] = (),
        first_send: int = 50,
        queued: Callable[[], None] = lambda: None,
    ) -> None:
        """``carries``: whether a channel may carry what other people wrote."""
        self._store = store
        self._gazetteer = gazetteer
        self._links = links
        self._buttons = frozenset(buttons)
        self._first_send = first_send
        self._queued = queued
        self._carries = carries
        self._looked_with: Gazetteer | None = None  # the places, and so the holidays, of the last look at everyone
        self.waiting_for_approval = 0  # recipients of the first digests of this installation

    async def run(self, now: datetime, *, dry_run: bool = False, everyone: bool = True) -> list[Outcome]:
        """Make what is due at ``now``, and return it with all other subscribers looked at that have a slot which has
        come.

        Without ``everyone``, look only at subscribers with a stored time that has come. The first time, and when places
        have changed, look at all: holidays also decide when a digest is due.
        """
        places = self._gazetteer()
        everyone = everyone or self._has_changed(places)
        async with self._store.read() as tx:
            ids = await (tx.subscriptions.all_on() if everyone else tx.subscriptions.due(now))
        due, outcomes = await self._look(ids, Atlas(places, bundled()), now, dry_run) if ids else ([], [])
        if everyone and not dry_run:
            self._looked_with = places
        if await self._must_ask(len(due)):
            return outcomes + [_skipped(one, Reason.APPROVAL) for one in due]
        if not due:
            return outcomes
        async with self._store.read() as tx:
            read = await stock(tx, self._gazetteer(), now)
        for start in range(0, len(due), AT_ONCE):
            began = perf_counter()
            made, nowhere = await self._choose(due[start : start + AT_ONCE], read, now)
            outcomes += nowhere
            if dry_run:
                outcomes += [_due_outcome(one) for one in made]
            else:
                outcomes += await self._keep(made, read, now)
                self._queued()
            await asyncio.sleep(perf_counter() - began)  # rest as long as it worked: who asks something now comes first
        return outcomes

    async def preview(self, tx: Transaction, subscriber: Subscriber, language: str, now: datetime) -> Say | None:
        """The current digest: what the last one told, and what is new since. Nothing of it counts as told."""
        read = await stock(tx, self._gazetteer(), now)
        one = subscriber.subscription.id
        history = (await tx.digests.histories([one], but_last=1))[one]
        chosen = _chosen(subscriber, history, read, now)
        place = Place.CHAT if subscriber.subscription.person_id else Place.ROOM
        if not chosen.entries:
            return None
        wish = subscriber.subscription
        return digest(
            chosen, read.issue, wish.topics, language, place,
            buttons=wish.channel in self._buttons, veiled=not self._carries(wish.channel),
        )  # fmt: skip

    # --- who ----------------------------------------------------------------------------------------------------------

    def _has_changed(self, places: Gazetteer) -> bool:
        """Return whether other municipalities are known than at the last look at everyone."""
        if self._looked_with is None or places.municipalities != self._looked_with.municipalities:
            return True
        self._looked_with = places
        return False

    async def _look(
        self, ids: Sequence[str], atlas: Atlas, now: datetime, dry_run: bool
    ) -> tuple[list[Due], list[Outcome]]:
        """Return who of these is due, and the outcomes of the others; store when those are due next."""
        if not dry_run:
            async with self._store.begin() as tx:
                await tx.digests.settle()
        found = await look(self._store, atlas, ids, now)
        for start in () if dry_run else range(0, len(found.outdated), PAGE):
            async with self._store.begin() as tx:
                await work_out(tx, atlas, found.outdated[start : start + PAGE])
        return found.due, [Outcome(channel, week, "skipped", reason=how.value) for channel, week, how in found.others]

    async def _must_ask(self, count: int) -> bool:
        """Whether an admin must say yes before so many get the first digests of this installation."""
        self.waiting_for_approval = 0
        if not self._first_send or count <= self._first_send:
            return False
        async with self._store.read() as tx:
            begun = await tx.facts.get(BEGUN)
        self.waiting_for_approval = 0 if begun else count
        return not begun

    # --- what ---------------------------------------------------------------------------------------------------------

    async def _choose(self, due: Sequence[Due], read: Stock, now: datetime) -> tuple[list[_Made], list[Outcome]]:
        wishes = [one.subscriber.subscription for one in due]
        async with self._store.read() as tx:
            histories = await tx.digests.histories([wish.id for wish in wishes])
            to = await recipients(tx, wishes)
        made, nowhere = [], []
        for one in due:
            wish = one.subscriber.subscription
            if (recipient := to.get(wish.id)) is None:
                nowhere.append(_skipped(one, Reason.UNREACHABLE))
                continue
            chosen = _chosen(one.subscriber, histories[wish.id], read, now)
            bored = _bored(wish) if recipient.place is Place.CHAT else ""
            made.append(_Made(one, recipient, histories[wish.id], chosen, bored))
            await asyncio.sleep(0)
        return made, nowhere

    # --- once ---------------------------------------------------------------------------------------------------------

    async def _keep(self, made: Iterable[_Made], read: Stock, now: datetime) -> list[Outcome]:
        outcomes = []
        async with self._store.begin() as tx:
            batch = list(made)
            same = await tx.subscriptions.unchanged([one.due.subscriber.subscription for one in batch])
            for one in batch:
                wish = one.due.subscriber.subscription
                outcomes.append(
                    await self._keep_one(tx, one, read, now) if wish.id in same else _skipped(one.due, Reason.CHANGED)
                )
            await work_out(tx, read.atlas, sorted(same))
            if any(outcome.state == "queued" for outcome in outcomes) and not await tx.facts.hold(BEGUN):
                await tx.facts.put(BEGUN, tx.now.isoformat())
            reached("digest.before_commit")
        reached("digest.after_commit")
        return outcomes

    async def _keep_one(self, tx: Transaction, one: _Made, read: Stock, now: datetime) -> Outcome:
        wish, week, revision = one.due.subscriber.subscription, str(one.due.week), read.material.revision
        if (
            await tx.digests.served(wish.id, str(week_of(now))) or ""
        ) >= week:  # another run was faster: what waits now is its digest
            return _skipped(one.due, Standing.SERVED.value)
        if not one.chosen.entries and not wish.sign_of_life:
            if one.due.week <= week_of(tx.now):  # a week that is still to come may bring something
                await tx.digests.add(wish.id, week, Run.EMPTY, revision=revision)
            return _skipped(one.due, Reason.NOTHING_NEW)
        waiting = one.history.waiting
        if waiting and await tx.digests.withdraw_messages(waiting) != frozenset(waiting):
            return _skipped(one.due, Reason.CHANGED)  # what waited has just left: what it told is told
        message_id = new_id()
        keys = tuple(entry.candidate.key for entry in one.chosen.entries)
        if not await tx.digests.add(wish.id, week, Run.QUEUED, items=keys, revision=revision, message_id=message_id):
            return _skipped(one.due, Standing.SERVED.value)
        await self._queue(tx, one, read.issue, message_id)
        if one.to.place is Place.CHAT:  # the bot sees neither what is opened in a mail nor who opens it in a room
            await tx.subscriptions.note_unopened(wish.id, _unopened(one))
        return Outcome(wish.channel, one.due.week, "queued", keys, message_id=message_id)

    async def _queue(self, tx: Transaction, one: _Made, issue: Issue, message_id: str) -> None:
        wish, to = one.due.subscriber.subscription, one.to
        buttons = wish.channel in self._buttons and wish.person_id is not None
        say = digest(
            one.chosen, issue, wish.topics, to.language, to.place,
            buttons=buttons, bored=one.bored, veiled=not self._carries(wish.channel),
        )  # fmt: skip
        envelope = Envelope(say, to.language, MessageAudience.ROOM)
        if wish.person_id:
            envelope = replace(envelope, audience=MessageAudience.PRIVATE, readers=(to.user,))
        if buttons and wish.person_id:
            handles = await tx.buttons.make(
                (wish.channel, to.conversation, ""), wish.person_id, message_id,
                [choice.command for choice in say.choices], lasting=BUTTONS_LAST,
            )  # fmt: skip
            envelope = replace(envelope, handles=tuple(handles))
        if to.place is Place.MAIL and wish.person_id and self._links.available:
            envelope = replace(envelope, unsubscribe="digest")  # the mail's header and its last line
            await self._keep_link(tx, message_id, wish.person_id, to.language)
        await tx.outbox.add(
            wish.channel, to.conversation, envelope.to_json(), urgency=Urgency.BULK,
            key=f"digest:{wish.id}:{one.due.week}", person_id=wish.person_id, message_id=message_id,
        )  # fmt: skip

    async def _keep_link(self, tx: Transaction, message_id: str, person_id: str, language: str) -> None:
        await tx.pages.keep(
            self._links.at_rest(self._links.token(message_id, UNSUBSCRIBE)), kind=UNSUBSCRIBE, subject="digest",
            person_id=person_id, language=language, lasting=UNSUBSCRIBE_LASTS,
        )  # fmt: skip


def _chosen(subscriber: Subscriber, history: History, read: Stock, now: datetime) -> Selection:
    wish = subscriber.subscription
    told = PastDigests(since=wish.since, upto=history.upto, keys=history.keys)
    today = now.astimezone(BERLIN).date()
    return choose(read.material.candidates, read.atlas.interest(wish, subscriber.municipality), told, today, now)


def _bored(wish: Subscription) -> str:
    """Return a topic without an opened entry for a long time; never the only topic."""
    if len(wish.topics) < 2:
        return ""
    return next((topic for topic in wish.topics if wish.unopened.get(topic, 0) >= BORED), "")


def _unopened(one: _Made) -> dict[str, int]:
    """Count one more digest with these topics and no opened entry; a topic that was offered starts again at zero."""
    wish = one.due.subscriber.subscription
    told = {topic for entry in one.chosen.entries for topic in entry.candidate.topics}
    counts = {topic: wish.unopened.get(topic, 0) + (topic in told) for topic in wish.topics}
    return {topic: count for topic, count in counts.items() if count and topic != one.bored}


def _skipped(due: Due, reason: str) -> Outcome:
    return Outcome(due.subscriber.subscription.channel, due.week, "skipped", reason=reason)


def _due_outcome(one: _Made) -> Outcome:
    wish = one.due.subscriber.subscription
    if not one.chosen.entries and not wish.sign_of_life:
        return _skipped(one.due, Reason.NOTHING_NEW)
    keys = tuple(entry.candidate.key for entry in one.chosen.entries)
    return replace(Outcome(wish.channel, one.due.week, "due"), items=keys)
