"""Projects, municipalities, contacts and events: reading them, and the changes of editors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.codec import Body, current, digest, from_body
from knowledge_base.model import Record, RecordKind
from knowledge_base.store.key_values import Facts
from knowledge_base.store.tables import fact, record, record_change
from knowledge_base.store.upsert import insert_into

REVISION = "knowledge revision"
EDITOR = "editor"


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record with its revision, source and removal."""

    kind: RecordKind
    id: str
    body: Mapping[str, Any]
    imported: Mapping[str, Any] | None
    source: str
    revision: int
    updated_at: datetime
    edited_at: datetime | None
    removed_at: datetime | None

    @property
    def record(self) -> Record:
        """Return the record value."""
        return from_body(self.kind, self.body)

    @property
    def edited_fields(self) -> frozenset[str]:
        """Return the fields that an editor changed since the import."""
        before = self.imported or {}
        return frozenset(name for name in {*before, *self.body} if before.get(name) != self.body.get(name))


class Records:
    """The knowledge. Every change raises the revision, so that an index sees that it is old."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def get(self, kind: RecordKind, record_id: str, *, removed: bool = False) -> StoredRecord | None:
        """Return one record; ``removed`` also finds a removed one."""
        statement = select(record).where(record.c.kind == kind, record.c.id == record_id)
        if not removed:
            statement = statement.where(record.c.removed_at.is_(None))
        row = (await self._connection.execute(statement)).first()
        return _stored(row) if row else None

    async def stream(self, kind: RecordKind | None = None) -> AsyncIterator[StoredRecord]:
        """Yield every visible record in order of kind and id, without holding all in memory."""
        statement = select(record).where(record.c.removed_at.is_(None)).order_by(record.c.kind, record.c.id)
        if kind is not None:
            statement = statement.where(record.c.kind == kind)
        async with self._connection.stream(statement) as rows:
            async for row in rows:
                yield _stored(row)

    async def page(self, kind: RecordKind, after: str, limit: int) -> list[StoredRecord]:
        """Return the next visible records of a kind in order of id, behind ``after``.

        Use it for work that must not hold a transaction open between them.
        """
        statement = select(record).where(record.c.kind == kind, record.c.id > after, record.c.removed_at.is_(None))
        return [_stored(row) for row in await self._connection.execute(statement.order_by(record.c.id).limit(limit))]

    async def count(self) -> dict[RecordKind, int]:
        """Return the number of visible records of each kind."""
        statement = select(record.c.kind, func.count()).where(record.c.removed_at.is_(None)).group_by(record.c.kind)
        return {RecordKind(kind): number for kind, number in await self._connection.execute(statement)}

    async def revision(self) -> int:
        """Return the revision of the knowledge: 0 for an empty one."""
        return await Facts(self._connection).get(REVISION) or 0

    async def lock(self) -> int:
        """Keep every other change of knowledge out until the end of the transaction; return the revision so far.

        Lock before reading when a change depends on stored records (an editor's change, a publication).
        """
        await self._connection.execute(
            insert_into(self._connection, fact).values(name=REVISION, value=0).on_conflict_do_nothing()
        )
        statement = select(fact.c.value).where(fact.c.name == REVISION).with_for_update()
        return int((await self._connection.execute(statement)).scalar_one())

    async def next_revision(self) -> int:
        """Raise the revision, once per transaction that changes knowledge."""
        revision = await self.lock() + 1
        await self._connection.execute(update(fact).where(fact.c.name == REVISION).values(value=revision))
        return revision

    async def edit(self, kind: RecordKind, record_id: str, body: Body) -> frozenset[str]:
        """Store an editor's version of a record, or a new record; return the fields that changed.

        The imported version is kept beside it, so that later imports leave the edited fields alone.
        """
        await self.lock()
        before = await self.get(kind, record_id, removed=True)
        old = before.body if before and before.removed_at is None else {}
        changed = frozenset(name for name in {*old, *body} if old.get(name) != body.get(name))
        if not changed:
            return changed
        revision = await self.next_revision()
        values = {"body": body, "digest": digest(body), "revision": revision, "updated_at": self._now}
        values |= {"edited_at": self._now, "removed_at": None}
        if before is None:
            key = {"kind": kind, "id": record_id, "source": EDITOR, "created_at": self._now}
            await self._connection.execute(insert(record).values(**key, **values))
        else:
            where = (record.c.kind == kind, record.c.id == record_id)
            await self._connection.execute(update(record).where(*where).values(**values))
        await self.log_change(revision, kind, record_id, "changed" if old else "added", changed)
        return changed

    async def remove(self, keys: Collection[tuple[RecordKind, str]]) -> list[tuple[RecordKind, str]]:
        """Remove records; return those that were there. Imports do not bring them back."""
        await self.lock()
        gone = [key for key in keys if await self.get(*key) is not None]
        if not gone:
            return []
        revision = await self.next_revision()
        for kind, record_id in gone:
            await self._connection.execute(
                update(record)
                .where(record.c.kind == kind, record.c.id == record_id)
                .values(removed_at=self._now, edited_at=self._now, updated_at=self._now, revision=revision)
            )
            await self.log_change(revision, kind, record_id, "removed", ())
        return gone

    async def log_change(
        self, revision: int, kind: RecordKind, record_id: str, change: str, fields: Collection[str]
    ) -> None:
        """Note a change of a record: digests and editors read it."""
        values = {"revision": revision, "kind": kind, "id": record_id, "what": change}
        await self._connection.execute(insert(record_change).values(**values, fields=sorted(fields), at=self._now))


def _stored(row: Row[Any]) -> StoredRecord:
    kind = RecordKind(row.kind)
    return StoredRecord(
        kind=kind,
        id=row.id,
        body=current(kind, row.body),
        imported=row.imported and current(kind, row.imported),
        source=row.source,
        revision=row.revision,
        updated_at=row.updated_at,
        edited_at=row.edited_at,
        removed_at=row.removed_at,
    )
