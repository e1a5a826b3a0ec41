"""Make the digests that are due: a few at a time, each once, however often and in however many processes this runs.

Read who is due, choose for each of them, then store week and message in one short transaction: the row (subscription,
week) is unique, so of two processes one stores it, and the other nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from time import perf_counter

import structlog

from bot.features.digests.common import BEGUN, Stock, stock
from bot.features.digests.draft import DigestOutcome, Draft, Reason, bored_topic, chosen, due_outcome, skipped, unopened
from bot.features.digests.due import PAGE, DueSubscriber, look, work_out
from bot.features.digests.recipients import recipients
from bot.features.digests.render import Issue, ReadingPlace, digest
from bot.messages import MessageAudience, Say
from bot.messages.envelope import Envelope
from bot.outgoing.links import UNSUBSCRIBE, Links
from bot.outgoing.notify import UNSUBSCRIBE_LASTS
from knowledge_base.digests.material import Atlas
from knowledge_base.digests.schedule import SlotStatus, week_of
from knowledge_base.failpoints import reached
from knowledge_base.introductions.contacts import CanReach
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.store.database import Store
from knowledge_base.store.digests import DigestStatus
from knowledge_base.store.outbox import Urgency, new_id
from knowledge_base.store.subscriptions import Subscriber
from knowledge_base.store.transaction import Transaction
from knowledge_base.vocabulary import bundled

log = structlog.get_logger()

AT_ONCE = 5  # digests of one transaction: answers wait for it no longer than for any other
BUTTONS_LAST = timedelta(days=8)  # until the next one is there


class DigestMaker:
    """The digests of one database. ``buttons`` are the channels that have any."""

    def __init__(
        self,
        store: Store,
        gazetteer: Callable[[], Gazetteer],
        links: Links,
        *,
        carries: Callable[[str], bool],
        can_reach: CanReach = bool,
        buttons: Collection[str] = (),
        first_send: int = 50,
        queued: Callable[[], None] = lambda: None,
    ) -> None:
        """``carries``: whether a channel may carry what other people wrote; ``can_reach``: which take a request."""
        self._store = store
        self._gazetteer = gazetteer
        self._links = links
        self._buttons = frozenset(buttons)
        self._first_send = first_send
        self._queued = queued
        self._carries = carries
        self._can_reach = can_reach
        self._looked_with: Gazetteer | None = None  # the places, and so the holidays, of the last look at everyone
        self.waiting_for_approval = 0  # recipients of the first digests of this installation

    async def make_due(self, now: datetime, *, dry_run: bool = False, everyone: bool = True) -> list[DigestOutcome]:
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
            return outcomes + [skipped(waiting, Reason.APPROVAL) for waiting in due]
        if not due:
            return outcomes
        async with self._store.read() as tx:
            read = await stock(tx, self._gazetteer(), now, self._can_reach)
        for start in range(0, len(due), AT_ONCE):
            began = perf_counter()
            made, nowhere = await self._choose(due[start : start + AT_ONCE], read, now)
            outcomes += nowhere
            if dry_run:
                outcomes += [due_outcome(draft) for draft in made]
            else:
                outcomes += await self._keep(made, read, now)
                self._queued()
            await asyncio.sleep(perf_counter() - began)  # rest as long as it worked: who asks something now comes first
        return outcomes

    async def preview(self, tx: Transaction, subscriber: Subscriber, language: str, now: datetime) -> Say | None:
        """The current digest: what the last one told, and what is new since. Nothing of it counts as told."""
        read = await stock(tx, self._gazetteer(), now, self._can_reach)
        subscription_id = subscriber.subscription.id
        history = (await tx.digests.histories([subscription_id], but_last=1))[subscription_id]
        selection = chosen(subscriber, history, read, now)
        place = ReadingPlace.CHAT if subscriber.subscription.person_id else ReadingPlace.ROOM
        if not selection.entries:
            return None
        subscription = subscriber.subscription
        return digest(
            selection, read.issue, subscription.topics, language, place,
            buttons=subscription.channel in self._buttons, veiled=not self._carries(subscription.channel),
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
    ) -> tuple[list[DueSubscriber], list[DigestOutcome]]:
        """Return who of these is due, and the outcomes of the others; store when those are due next."""
        if not dry_run:
            async with self._store.begin() as tx:
                await tx.digests.settle()
        result = await look(self._store, atlas, ids, now)
        for start in () if dry_run else range(0, len(result.outdated), PAGE):
            async with self._store.begin() as tx:
                await work_out(tx, atlas, result.outdated[start : start + PAGE])
        return result.due, [
            DigestOutcome(channel, week, "skipped", reason=how.value) for channel, week, how in result.others
        ]

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

    async def _choose(
        self, due: Sequence[DueSubscriber], read: Stock, now: datetime
    ) -> tuple[list[Draft], list[DigestOutcome]]:
        subscriptions = [waiting.subscription for waiting in due]
        async with self._store.read() as tx:
            histories = await tx.digests.histories([subscription.id for subscription in subscriptions])
            to = await recipients(tx, subscriptions)
        made, nowhere = [], []
        for waiting in due:
            subscription = waiting.subscription
            if (recipient := to.get(subscription.id)) is None:
                nowhere.append(skipped(waiting, Reason.UNREACHABLE))
                continue
            selection = chosen(waiting.subscriber, histories[subscription.id], read, now)
            bored = bored_topic(subscription) if recipient.place is ReadingPlace.CHAT else ""
            made.append(Draft(waiting, recipient, histories[subscription.id], selection, bored))
            await asyncio.sleep(0)
        return made, nowhere

    # --- once ---------------------------------------------------------------------------------------------------------

    async def _keep(self, made: Iterable[Draft], read: Stock, now: datetime) -> list[DigestOutcome]:
        outcomes = []
        async with self._store.begin() as tx:
            batch = list(made)
            same = await tx.subscriptions.unchanged([draft.due.subscription for draft in batch])
            for draft in batch:
                subscription = draft.due.subscription
                outcomes.append(
                    await self._keep_one(tx, draft, read, now)
                    if subscription.id in same
                    else skipped(draft.due, Reason.CHANGED)
                )
            await work_out(tx, read.atlas, sorted(same))
            if any(outcome.state == "queued" for outcome in outcomes) and not await tx.facts.hold(BEGUN):
                await tx.facts.put(BEGUN, tx.now.isoformat())
            reached("digest.before_commit")
        reached("digest.after_commit")
        return outcomes

    async def _keep_one(self, tx: Transaction, draft: Draft, read: Stock, now: datetime) -> DigestOutcome:
        subscription, week, revision = draft.due.subscription, str(draft.due.week), read.material.revision
        if (
            await tx.digests.served(subscription.id, str(week_of(now))) or ""
        ) >= week:  # another run was faster: what waits now is its digest
            return skipped(draft.due, SlotStatus.SERVED.value)
        if not draft.chosen.entries and not subscription.sign_of_life:
            if draft.due.week <= week_of(tx.now):  # a week that is still to come may bring something
                await tx.digests.add(subscription.id, week, DigestStatus.EMPTY, revision=revision)
            return skipped(draft.due, Reason.NOTHING_NEW)
        waiting = draft.history.waiting
        if waiting and await tx.digests.withdraw_messages(waiting) != frozenset(waiting):
            return skipped(draft.due, Reason.CHANGED)  # what waited has just left: what it told is told
        message_id = new_id()
        keys = tuple(entry.candidate.key for entry in draft.chosen.entries)
        if not await tx.digests.add(
            subscription.id, week, DigestStatus.QUEUED, items=keys, revision=revision, message_id=message_id
        ):
            return skipped(draft.due, SlotStatus.SERVED.value)
        await self._queue(tx, draft, read.issue, message_id)
        if (
            draft.to.place is ReadingPlace.CHAT
        ):  # the bot sees neither what is opened in a mail nor who opens it in a room
            await tx.subscriptions.note_unopened(subscription.id, unopened(draft))
        return DigestOutcome(subscription.channel, draft.due.week, "queued", keys, message_id=message_id)

    async def _queue(self, tx: Transaction, draft: Draft, issue: Issue, message_id: str) -> None:
        subscription, to = draft.due.subscription, draft.to
        buttons = subscription.channel in self._buttons and subscription.person_id is not None
        say = digest(
            draft.chosen, issue, subscription.topics, to.language, to.place,
            buttons=buttons, bored=draft.bored, veiled=not self._carries(subscription.channel),
        )  # fmt: skip
        envelope = Envelope(say, to.language, MessageAudience.ROOM)
        if subscription.person_id:
            envelope = replace(envelope, audience=MessageAudience.PRIVATE, readers=(to.user,))
        if buttons and subscription.person_id:
            handles = await tx.buttons.make(
                (subscription.channel, to.conversation, ""), subscription.person_id, message_id,
                [choice.command for choice in say.choices], lasting=BUTTONS_LAST,
            )  # fmt: skip
            envelope = replace(envelope, handles=tuple(handles))
        if to.place is ReadingPlace.MAIL and subscription.person_id and self._links.available:
            envelope = replace(envelope, unsubscribe="digest")  # the mail's header and its last line
            await tx.pages.keep(
                self._links.at_rest(self._links.token(message_id, UNSUBSCRIBE)), kind=UNSUBSCRIBE, subject="digest",
                person_id=subscription.person_id, language=to.language, lasting=UNSUBSCRIBE_LASTS,
            )  # fmt: skip
        await tx.outbox.add(
            subscription.channel, to.conversation, envelope.to_json(), urgency=Urgency.BULK,
            key=f"digest:{subscription.id}:{draft.due.week}", person_id=subscription.person_id, message_id=message_id,
        )  # fmt: skip
