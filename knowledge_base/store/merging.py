"""Merging and erasing of persons in every table that names them, found by its foreign keys.

A new table needs no change here. Only the consent ledger names persons without a foreign key.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Column, Table, UniqueConstraint, delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.errors import ChangedMeanwhileError
from knowledge_base.store.answers import Answers
from knowledge_base.store.consents import unlocked
from knowledge_base.store.inbox import WAITING
from knowledge_base.store.tables import account, answer, consent, inbox, metadata, outbox, person, subscription


def references() -> Iterator[tuple[Table, Column[str]]]:
    """Yield every column that names a person."""
    for table in metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column is person.c.id:
                yield table, key.parent


async def merge(connection: AsyncConnection, old: str, new: str) -> None:
    """Move everything of ``old`` to ``new``, except what ``new`` has already; then delete ``old``."""
    async with unlocked(connection):  # first of all: separations, merges and erasures run one after the other
        await _merge(connection, old, new)


async def _merge(connection: AsyncConnection, old: str, new: str) -> None:
    await _hold(connection, old, new)
    for table, column in references():
        for others in _unique_with(table, column):
            mine = table.alias("mine")
            same = [mine.c[other.name] == table.c[other.name] for other in others]
            taken = select(1).select_from(mine).where(mine.c[column.name] == new, *same).exists()
            await connection.execute(delete(table).where(column == old, taken))
        await connection.execute(update(table).where(column == old).values({column.name: new}))
    await connection.execute(update(consent).where(consent.c.subject == old).values(subject=new))
    kept = update(subscription).where(subscription.c.person_id == new)
    await connection.execute(kept.values(next_due_at=None))  # the holidays are those of another municipality
    await connection.execute(delete(person).where(person.c.id == old))


async def _hold(connection: AsyncConnection, *ids: str) -> None:
    """Wait for unfinished work on these persons and let no other begin: it would refer to a deleted person."""
    held = select(person.c.id).where(person.c.id.in_(ids)).order_by(person.c.id).with_for_update()
    if len((await connection.execute(held)).all()) != len(ids):
        raise ChangedMeanwhileError("The person was merged or erased meanwhile.")


async def erase(connection: AsyncConnection, now: datetime, person_id: str, *, event_id: str = "") -> None:
    """Delete a person with all that belongs to them, including the messages they wrote and received.

    Of messages handled before, and of ``event_id`` (the request to erase, handled now), the network's id stays for its
    period without its author: else a network that delivers them again would create the person anew. The foreign key of
    a table decides about rows of other people (``ON DELETE``). Keyed hashes stay.
    """
    async with unlocked(connection):  # as above
        await _erase(connection, now, person_id, event_id)


async def _erase(connection: AsyncConnection, now: datetime, person_id: str, event_id: str) -> None:
    held = select(person.c.id).where(person.c.id == person_id).with_for_update()
    await connection.execute(held)
    for row in (await connection.execute(select(account).where(account.c.person_id == person_id))).all():
        await _retract_questions(connection, now, row.channel, row.user_id)
        await _erase_messages(connection, row.channel, row.user_id, row.conversation, event_id)
    await connection.execute(delete(consent).where(consent.c.subject == person_id))
    await connection.execute(delete(person).where(person.c.id == person_id))


async def _retract_questions(connection: AsyncConnection, now: datetime, channel: str, user: str) -> None:
    """Retract all questions known to be theirs, unanswered ones included."""
    same = (answer.c.channel == inbox.c.channel) & (answer.c.event_id == inbox.c.event_id)
    asked = select(inbox.c.event_id).join(answer, same).where(inbox.c.channel == channel, inbox.c.user_id == user)
    for event_id in list((await connection.execute(asked)).scalars()):
        await Answers(connection, now).retract(channel, event_id)


async def _erase_messages(
    connection: AsyncConnection, channel: str, user: str, conversation: str | None, event_id: str
) -> None:
    theirs = (inbox.c.channel == channel, inbox.c.user_id == user)
    handled = or_(inbox.c.state.not_in(WAITING), inbox.c.event_id == event_id)
    await connection.execute(update(inbox).where(*theirs, handled).values(user_id="", conversation=""))
    if conversation:
        sent_there = (outbox.c.channel == channel, outbox.c.conversation == conversation)
        await connection.execute(delete(outbox).where(*sent_there))


def _unique_with(table: Table, column: Column[str]) -> Iterator[list[Column[object]]]:
    """Return, for every key of the table that contains this column, the other columns of the key."""
    keys = [
        table.primary_key,
        *(constraint for constraint in table.constraints if isinstance(constraint, UniqueConstraint)),
    ]
    sets = [list(key.columns) for key in keys] + [list(index.columns) for index in table.indexes if index.unique]
    for columns in sets:
        if column.name in {other.name for other in columns}:
            yield [other for other in columns if other.name != column.name]
