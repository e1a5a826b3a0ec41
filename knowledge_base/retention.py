"""Deleting what is older than it may be. Periods come from the settings; the clock is the store's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from knowledge_base.store.database import Store
from knowledge_base.store.leftovers import Leftovers
from knowledge_base.store.transaction import Transaction

STAGED_ROWS = 2_000  # of one transaction: other writers never wait long


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """How long what is kept."""

    messages: timedelta  # ids of handled messages; long enough that no network delivers one again
    answers: timedelta
    questions: timedelta  # unanswered ones
    contexts: timedelta  # of follow-up questions
    undelivered: timedelta = timedelta(days=30)
    changes: timedelta = timedelta(days=400)  # a year and a month: "what was new since last autumn?"
    imports: timedelta = timedelta(days=30)


async def purge(store: Store, periods: Periods) -> dict[str, int]:
    """Delete everything past its period, subject by subject in short transactions; returns how many rows of each.

    Vectors of texts that no record holds any more are the search's business: only it knows which.
    Whatever is stopped in between is done by the next purge.
    """
    steps: dict[str, Callable[[Transaction], Awaitable[int]]] = {
        "messages received": lambda tx: tx.inbox.forget(periods.messages),
        "messages sent": lambda tx: tx.outbox.forget(periods.messages),
        "messages undelivered": lambda tx: _leftovers(tx).forget_unsent(periods.undelivered),
        "contexts": lambda tx: tx.people.forget_contexts(periods.contexts),
        "buttons": lambda tx: tx.buttons.forget(),
        "links": lambda tx: tx.pages.forget(),
        "answers": lambda tx: tx.answers.forget(answers=periods.answers, questions=periods.questions),
        "changes": lambda tx: _leftovers(tx).forget_changes(periods.changes),
        "imports": lambda tx: _leftovers(tx).forget_imports(periods.imports),
    }
    await _sweep_imports(store)
    counts = {}
    for name, step in steps.items():
        async with store.begin() as tx:
            counts[name] = await step(tx)
    return counts


async def _sweep_imports(store: Store) -> None:
    more = True
    while more:
        async with store.begin() as tx:
            more = await tx.imports.sweep(STAGED_ROWS)


def _leftovers(tx: Transaction) -> Leftovers:
    return Leftovers(tx.connection, tx.now)
