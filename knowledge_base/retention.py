"""Deletion of data past their retention period. The settings give the periods, the store the clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from knowledge_base.store.database import Store
from knowledge_base.store.purge import Leftovers
from knowledge_base.store.transaction import Transaction

STAGED_ROWS = 2_000  # of one transaction: other writers never wait long


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """Retention periods by kind of data."""

    messages: timedelta  # ids of handled messages; long enough that no network delivers one again
    answers: timedelta
    questions: timedelta  # unanswered ones
    contexts: timedelta  # of follow-up questions
    introductions: timedelta = timedelta(days=180)  # closed ones; only counts remain
    consents: timedelta = timedelta(days=3 * 365)  # their proof, from their end
    unconfirmed: timedelta = timedelta(days=7)  # unproven mail addresses that no row needs
    undelivered: timedelta = timedelta(days=30)
    changes: timedelta = timedelta(days=400)  # a year and a month: "what was new since last autumn?"
    imports: timedelta = timedelta(days=30)
    subscriptions: timedelta = timedelta(days=90)  # ended ones
    contributions: timedelta = timedelta(days=180)  # from their last step


async def purge(store: Store, periods: Periods) -> dict[str, int]:
    """Delete everything past its period, in short transactions by subject; return the number of rows of each.

    Vectors of texts that no record holds any more are the task of the search. The next purge finishes what a stopped
    one left.
    """
    steps: dict[str, Callable[[Transaction], Awaitable[int]]] = {
        "messages received": lambda tx: tx.inbox.forget(periods.messages),
        "digests": lambda tx: _digests(tx, periods),
        "messages sent": lambda tx: tx.outbox.forget(periods.messages),
        "messages undelivered": lambda tx: _leftovers(tx).forget_unsent(periods.undelivered),
        "contexts": lambda tx: tx.people.forget_contexts(periods.contexts),
        "buttons": lambda tx: tx.buttons.forget(),
        "links": lambda tx: tx.pages.forget(),
        "open questions": lambda tx: tx.open_questions.forget(periods.questions),
        "offered answers": lambda tx: tx.entry_drafts.forget(),
        "answers": lambda tx: tx.answers.forget(answers=periods.answers, questions=periods.questions),
        "verifications": lambda tx: tx.verifications.forget(),
        "counters": lambda tx: tx.tallies.forget(),
        "introductions": lambda tx: tx.introductions.forget(periods.introductions),
        "consents": lambda tx: tx.consents.forget(periods.consents),
        "addresses": lambda tx: tx.contacts.forget_unconfirmed(periods.unconfirmed),
        "changes": lambda tx: _leftovers(tx).forget_changes(periods.changes),
        "edits": lambda tx: tx.edits.forget(periods.changes),
        "contributions": lambda tx: tx.contributions.forget(periods.contributions),
        "imports": lambda tx: _leftovers(tx).forget_imports(periods.imports),
    }
    await _sweep_imports(store)
    counts = {}
    for name, step in steps.items():
        async with store.begin(long=True) as tx:
            counts[name] = await step(tx)
    return counts


async def _sweep_imports(store: Store) -> None:
    more = True
    while more:
        async with store.begin() as tx:
            more = await tx.imports.sweep(STAGED_ROWS)


async def _digests(tx: Transaction, periods: Periods) -> int:
    """Note the result of digests while their messages are still there, then delete old digests."""
    await tx.digests.settle()
    return await tx.digests.forget(feedback=periods.answers) + await tx.subscriptions.forget(periods.subscriptions)


def _leftovers(tx: Transaction) -> Leftovers:
    return Leftovers(tx.connection, tx.now)
