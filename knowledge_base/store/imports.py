"""Import runs: changes staged in batches, made visible in one set-based transaction.

A run stages only changes. ``publish`` is all or nothing; the rows of a killed run are invisible, and the next run of
the same source deletes them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    and_,
    delete,
    func,
    insert,
    literal,
    null,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.codec import Body, current
from knowledge_base.model import RecordKind
from knowledge_base.store.tables import import_row, import_run, record, record_change
from knowledge_base.store.types import JsonDocument, UtcDateTime
from knowledge_base.store.upsert import insert_into

Key = tuple[RecordKind, str]

ABANDONED_AFTER = timedelta(days=1)  # no import takes this long: its process is gone
KEPT_FOR = timedelta(days=30)  # ended runs, so that an operator can see what was imported when

_same_key = and_(record.c.kind == import_row.c.kind, record.c.id == import_row.c.id)
# An editor's removal is also an edit at the same moment; a removal by an import leaves ``edited_at`` alone.
_removed_by_editor = and_(record.c.removed_at.is_not(None), record.c.edited_at == record.c.removed_at)


@dataclass(frozen=True, slots=True)
class Known:
    """What an import has to know of a stored record before it looks at the fields.

    ``imported_digest`` is None when an editor made the record. ``edited``: the record shows something else than was
    imported.
    """

    imported_digest: str | None
    source: str
    revision: int
    edited: bool
    removed: bool
    removed_by_editor: bool


@dataclass(frozen=True, slots=True)
class Bodies:
    """Both bodies of a stored record."""

    body: Body
    imported: Body | None


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A change to make visible; ``imported`` None means the same as ``body``."""

    kind: RecordKind
    id: str
    line: int
    what: str
    body: Body
    digest: str
    imported: Body | None
    imported_digest: str
    fields: tuple[str, ...]
    based_on: int | None


class Imports:
    """Staging of an import, and its publication."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def start(self, source: str) -> str:
        """Begin a run; give up unfinished runs of the same source: they cannot publish any more."""
        await self._connection.execute(delete(import_run).where(import_run.c.finished_at < self._now - KEPT_FOR))
        over = (import_run.c.source == source) | (import_run.c.started_at < self._now - ABANDONED_AFTER)
        await self._connection.execute(
            update(import_run)
            .where(over, import_run.c.state == "staging")
            .values(state="failed", finished_at=self._now)
        )
        run_id = uuid4().hex
        values = {"id": run_id, "source": source, "state": "staging", "started_at": self._now}
        await self._connection.execute(insert(import_run).values(**values))
        return run_id

    async def known(self, kind: RecordKind, ids: Collection[str]) -> dict[str, Known]:
        """Return the stored records of these ids, without the bodies."""
        columns = (record.c.id, record.c.imported_digest, record.c.source, record.c.revision)
        statement = select(*columns, _edited(), record.c.removed_at.is_not(None), _removed_by_editor).where(
            record.c.kind == kind, record.c.id.in_(ids)
        )
        rows = await self._connection.execute(statement)
        return {row[0]: Known(row[1], row[2], row[3], bool(row[4]), bool(row[5]), bool(row[6])) for row in rows}

    async def bodies(self, kind: RecordKind, ids: Collection[str]) -> dict[str, Bodies]:
        """Return both bodies of these records."""
        statement = select(record.c.id, record.c.body, record.c.imported).where(
            record.c.kind == kind, record.c.id.in_(ids)
        )
        return {
            row.id: Bodies(current(kind, row.body), row.imported and current(kind, row.imported))
            for row in await self._connection.execute(statement)
        }

    async def owned(self, source: str, after: Key | None, limit: int) -> list[tuple[Key, int, bool]]:
        """Return visible records of a source behind ``after``, by kind and id: key, revision, whether edited."""
        statement = select(record.c.kind, record.c.id, record.c.revision, _edited()).where(
            record.c.source == source, record.c.removed_at.is_(None)
        )
        if after is not None:
            statement = statement.where(tuple_(record.c.kind, record.c.id) > tuple_(*map(literal, after)))
        statement = statement.order_by(record.c.kind, record.c.id).limit(limit)
        rows = await self._connection.execute(statement)
        return [((RecordKind(row[0]), row[1]), row[2], bool(row[3])) for row in rows]

    async def stage(self, run_id: str, rows: Iterable[StagedRow]) -> None:
        """Keep changes for later, invisible until ``publish``."""
        values = [_values(run_id, row) for row in rows]
        if values:
            await self._connection.execute(insert(import_row), values)

    async def outdated(self, run_id: str) -> list[StagedRow]:
        """Return staged rows with a record that changed since the comparison: they must be compared again."""
        changed = record.c.revision.is_distinct_from(import_row.c.based_on)
        statement = select(import_row).select_from(import_row).outerjoin(record, _same_key)
        rows = await self._connection.execute(statement.where(import_row.c.run_id == run_id, changed))
        return [_staged(row) for row in rows.mappings()]

    async def restage(self, run_id: str, rows: Sequence[StagedRow], dropped: Collection[Key]) -> None:
        """Replace some staged rows, and delete others."""
        for kind, record_id in [*dropped, *((row.kind, row.id) for row in rows)]:
            where = (import_row.c.run_id == run_id, import_row.c.kind == kind, import_row.c.id == record_id)
            await self._connection.execute(delete(import_row).where(*where))
        await self.stage(run_id, rows)

    async def publish(self, run_id: str, revision: int) -> bool:
        """Make every staged change visible under ``revision``; return False when the run was given up meanwhile.

        The caller has taken the revision in this transaction (so no other change of knowledge can come between) and has
        compared outdated rows again.
        """
        if not await self.end(run_id, "done"):
            return False
        await self._log(run_id, revision)
        await self._upsert(run_id, revision)
        gone = select(import_row.c.kind, import_row.c.id).where(
            import_row.c.run_id == run_id, import_row.c.what == "removed"
        )
        await self._connection.execute(
            update(record)
            .where(tuple_(record.c.kind, record.c.id).in_(gone))
            .values(removed_at=self._now, updated_at=self._now, revision=revision)
        )
        return True

    async def end(self, run_id: str, state: Literal["done", "failed"]) -> bool:
        """End a run that publishes nothing; return False when it ended before."""
        ended = await self._connection.execute(
            update(import_run)
            .where(import_run.c.id == run_id, import_run.c.state == "staging")
            .values(state=state, finished_at=self._now)
        )
        return ended.rowcount == 1

    async def sweep(self, limit: int) -> bool:
        """Delete up to ``limit`` staged rows of ended runs; return whether there may be more."""
        ended = select(import_run.c.id).where(import_run.c.state != "staging")
        keys = select(import_row.c.run_id, import_row.c.kind, import_row.c.id).where(import_row.c.run_id.in_(ended))
        rows = (await self._connection.execute(keys.limit(limit))).all()
        for run_id, kind, ids in _grouped(rows):
            where = (import_row.c.run_id == run_id, import_row.c.kind == kind, import_row.c.id.in_(ids))
            await self._connection.execute(delete(import_row).where(*where))
        return len(rows) == limit

    async def _log(self, run_id: str, revision: int) -> None:
        rows: Select[Any] = select(
            literal(revision),
            import_row.c.kind,
            import_row.c.id,
            import_row.c.what,
            import_row.c.fields,
            literal(self._now, UtcDateTime()),
        ).where(import_row.c.run_id == run_id, import_row.c.what != "noted")
        await self._connection.execute(
            insert(record_change).from_select(["revision", "kind", "id", "what", "fields", "at"], rows)
        )

    async def _upsert(self, run_id: str, revision: int) -> None:
        source = select(import_run.c.source).where(import_run.c.id == run_id).scalar_subquery()
        now = literal(self._now, UtcDateTime())
        chosen = select(
            import_row.c.kind,
            import_row.c.id,
            import_row.c.body,
            func.coalesce(import_row.c.imported, import_row.c.body, type_=JsonDocument),
            import_row.c.digest,
            import_row.c.imported_digest,
            source,
            literal(revision),
            now,
            now,
        ).where(import_row.c.run_id == run_id, import_row.c.what != "removed")
        names = ["kind", "id", "body", "imported", "digest", "imported_digest", "source", "revision"]
        statement = insert_into(self._connection, record).from_select([*names, "created_at", "updated_at"], chosen)
        new = statement.excluded
        changes: dict[str, Any] = {name: new[name] for name in (*names[2:], "updated_at")}
        changes["removed_at"] = null()
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["kind", "id"], set_=changes))


def _edited() -> ColumnElement[bool]:
    return record.c.digest.is_distinct_from(record.c.imported_digest)


def _values(run_id: str, row: StagedRow) -> dict[str, Any]:
    names = ("kind", "id", "line", "what", "body", "digest", "imported", "imported_digest", "based_on")
    return {"run_id": run_id, "fields": list(row.fields)} | {name: getattr(row, name) for name in names}


def _staged(values: RowMapping) -> StagedRow:
    named = {str(name): value for name, value in values.items() if name != "run_id"}
    return StagedRow(**named | {"kind": RecordKind(values["kind"]), "fields": tuple(values["fields"])})


def _grouped(keys: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, list[str]]]:
    groups: dict[tuple[str, str], list[str]] = {}
    for run_id, kind, record_id in keys:
        groups.setdefault((run_id, kind), []).append(record_id)
    return [(run_id, kind, ids) for (run_id, kind), ids in groups.items()]
