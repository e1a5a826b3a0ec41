"""The history of what editors changed in records, with the values before and after."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.model import PERSONAL_FIELDS, RecordKind
from knowledge_base.store.records import Records
from knowledge_base.store.tables import record_change, record_edit

EDITOR, TOWN = "editor", "town"  # authors: an editor, or a verified user of the municipality
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class RecordEdit:
    """One change; personal fields of contacts have no values here."""

    number: int
    kind: RecordKind
    id: str
    what: str  # added | changed | removed
    fields: tuple[str, ...]
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    person_id: str | None
    author: str
    undoes: int | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Imported:
    """A change of a record by an import: its fields, without values."""

    what: str
    fields: tuple[str, ...]
    at: datetime


class Edits:
    """Rows of the history. Note each change in the transaction that makes it, behind it."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def note(
        self, kind: RecordKind, record_id: str, before: Mapping[str, Any], after: Mapping[str, Any], *,
        person_id: str, author: str = EDITOR, undoes: int | None = None,
    ) -> int:  # fmt: skip
        """Store what changed between two bodies, an empty one standing for no record; return its number."""
        fields = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
        kept = [name for name in fields if kind is not RecordKind.CONTACT or name not in PERSONAL_FIELDS]
        values = {
            "revision": await Records(self._connection, self._now).revision(),
            "kind": kind,
            "id": record_id,
            "what": "changed" if before and after else "added" if after else "removed",
            "fields": fields,
            "before": {name: before[name] for name in kept if name in before},
            "after": {name: after[name] for name in kept if name in after},
            "person_id": person_id,
            "author": author,
            "undoes": undoes,
            "at": self._now,
        }
        return int(await self._connection.scalar(insert(record_edit).values(**values).returning(record_edit.c.number)))

    async def get(self, number: int) -> RecordEdit | None:
        """Return a change by its number, if it is no undo and was not taken back."""
        return next(iter(await self._standing(record_edit.c.number == number)), None)

    async def last_of(self, record_id: str) -> RecordEdit | None:
        """Return the last change of a record that was not taken back."""
        return next(iter(await self._standing(record_edit.c.id == record_id)), None)

    async def last_by(self, person_id: str) -> RecordEdit | None:
        """Return the last change by a person that was not taken back."""
        return next(iter(await self._standing(record_edit.c.person_id == person_id)), None)

    async def of(self, kind: RecordKind, record_id: str) -> list[RecordEdit]:
        """Return the last changes of a record, the newest first, undos among them."""
        statement = select(record_edit).where(record_edit.c.kind == kind, record_edit.c.id == record_id)
        rows = await self._connection.execute(statement.order_by(record_edit.c.number.desc()).limit(MOST_SHOWN))
        return [_edit(row) for row in rows]

    async def imports_of(self, kind: RecordKind, record_id: str) -> list[Imported]:
        """Return the last changes of a record that no editor made, the newest first."""
        by_editor = select(record_edit.c.revision).where(record_edit.c.kind == kind, record_edit.c.id == record_id)
        where = (record_change.c.kind == kind, record_change.c.id == record_id)
        statement = select(record_change).where(*where, record_change.c.revision.not_in(by_editor))
        rows = await self._connection.execute(statement.order_by(record_change.c.number.desc()).limit(MOST_SHOWN))
        return [Imported(row.what, tuple(row.fields), row.at) for row in rows]

    async def forget(self, older_than: timedelta) -> int:
        """Delete old changes; return how many."""
        old = delete(record_edit).where(record_edit.c.at < self._now - older_than)
        return (await self._connection.execute(old)).rowcount

    async def _standing(self, which: Any) -> list[RecordEdit]:
        undo = record_edit.alias("undo")
        taken_back = select(undo.c.number).where(undo.c.undoes == record_edit.c.number).exists()
        statement = select(record_edit).where(which, record_edit.c.undoes.is_(None), ~taken_back)
        rows = await self._connection.execute(statement.order_by(record_edit.c.number.desc()).limit(1))
        return [_edit(row) for row in rows]


def _edit(row: Any) -> RecordEdit:
    return RecordEdit(
        row.number,
        RecordKind(row.kind),
        row.id,
        row.what,
        tuple(row.fields),
        row.before,
        row.after,
        row.person_id,
        row.author,
        row.undoes,
        row.at,
    )
