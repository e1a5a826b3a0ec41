"""Correction of moments stored while the clock was ahead: none may delay or limit anything once the clock is right.

A moment that notes the past cannot lie in the future, so it becomes the present. A waiting time becomes no longer than
it may ever be. Consents stay as they are: the ledger is append-only, and a later date only keeps the proof for longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Column, Table, or_, select, update

from knowledge_base.clock import FOLLOWED
from knowledge_base.store.database import Store
from knowledge_base.store.tables import consent, metadata, process, subscription
from knowledge_base.store.transaction import Transaction
from knowledge_base.store.types import UtcDateTime

NOTHING, A_DAY = timedelta(0), timedelta(days=1)
YEAR = timedelta(days=370)

# Columns that may lie in the future: how far at most, and how far ahead a value beyond that is put.
WAITS: Mapping[tuple[str, str], tuple[timedelta, timedelta]] = {
    ("outbox", "not_before"): (NOTHING, NOTHING),
    ("introduction", "due_at"): (timedelta(days=45), timedelta(days=14)),
    ("introduction", "expires_at"): (timedelta(days=45), timedelta(days=14)),
    ("introduction_request", "send_at"): (timedelta(days=45), NOTHING),
    ("button", "expires_at"): (timedelta(days=16), A_DAY),
    ("page", "expires_at"): (YEAR, timedelta(days=14)),
    ("tally", "expires_at"): (YEAR, timedelta(days=30)),
    ("verification", "expires_at"): (A_DAY, NOTHING),
}
UNENDING = 9999  # the year of a pause without an end
PAUSE = "paused_until"  # a person may choose any time ahead
DUE = ("next_due_at", "looked_at")  # a look by a clock that was ahead is not believed: see ``Subscriptions.due``


async def heal(store: Store) -> int:
    """Correct values stored by a clock that was ahead, by table in short transactions; return the number of values."""
    async with store.begin() as tx:
        await _due_times(tx)
        healed = await _pauses(tx)
    for table in metadata.sorted_tables:
        if table in (consent, process):  # signs of processes use the clock of the database, and are renewed
            continue
        async with store.begin() as tx:
            for column in table.columns:
                if isinstance(column.type, UtcDateTime) and column.name not in (PAUSE, *DUE):
                    healed += await _column(tx, table, column)
    return healed


def waits(table: str, column: str) -> tuple[timedelta, timedelta]:
    """Return how far ahead a column's value may lie, and how far ahead a value beyond that is put."""
    return WAITS.get((table, column), (FOLLOWED, NOTHING))


async def _column(tx: Transaction, table: Table, column: Column[datetime]) -> int:
    longest, rest = waits(table.name, column.name)
    statement = update(table).where(column > tx.now + longest).values({column.name: tx.now + rest})
    return (await tx.connection.execute(statement)).rowcount


async def _due_times(tx: Transaction) -> None:
    """Let subscriptions that began or changed while the clock was ahead be looked at again."""
    ahead = tx.now + FOLLOWED
    late = or_(subscription.c.since > ahead, subscription.c.changed_at > ahead)
    await tx.connection.execute(update(subscription).where(late).values(next_due_at=None))


async def _pauses(tx: Transaction) -> int:
    """Move pauses set while the clock was ahead, so that they keep their length; return their number."""
    late = (subscription.c.changed_at > tx.now + FOLLOWED, subscription.c.paused_until.is_not(None))
    columns = (subscription.c.id, subscription.c.changed_at, subscription.c.paused_until)
    rows = (await tx.connection.execute(select(*columns).where(*late))).all()
    for row in rows:
        if row.paused_until.year != UNENDING:
            until = row.paused_until - (row.changed_at - tx.now)
            where = subscription.c.id == row.id
            await tx.connection.execute(update(subscription).where(where).values(paused_until=until))
    return len(rows)
