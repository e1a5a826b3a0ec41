"""The effect of an import on one record: pure decisions from the stored record and the file's."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge_base.codec import Body, digest
from knowledge_base.ingest.compare import ChangeKind, changed_fields, merged
from knowledge_base.model import RecordKind
from knowledge_base.store.imports import Bodies, Known, StagedRow


@dataclass(frozen=True, slots=True)
class Incoming:
    """A valid record of a file, in its stored form."""

    kind: RecordKind
    id: str
    line: int
    body: Body
    digest: str

    @classmethod
    def of(cls, kind: RecordKind, line: int, body: Body) -> Incoming:
        return cls(kind, body["id"], line, body, digest(body))


def is_settled(new: Incoming, known: Known | None, source: str, *, own_only: bool) -> bool:
    """Return whether the digests alone show that the record needs no change.

    A record that an editor removed stays removed. With ``own_only`` (the bundle) a record from another source is left
    alone.
    """
    if known is None:
        return False
    if known.removed_by_editor or (own_only and known.source != source):
        return True
    return known.imported_digest == new.digest and known.source == source and not known.removed


def planned(new: Incoming, known: Known | None, stored: Bodies | None) -> StagedRow:
    """Return the change that brings ``new``, or ``None`` when settled; editors' fields stay (see ``compare``)."""
    if known is None or stored is None:
        return _row(new, ChangeKind.ADDED, new.body, (), None)
    body = merged(stored.imported, stored.body, new.body) if known.edited else new.body
    if known.removed:
        return _row(new, ChangeKind.ADDED, body, (), known.revision)
    fields = changed_fields(stored.body, body)
    return _row(new, ChangeKind.CHANGED if fields else ChangeKind.NOTED, body, fields, known.revision)


def removal(kind: RecordKind, record_id: str, revision: int) -> StagedRow:
    """Return the change that removes a record that its source no longer holds."""
    return StagedRow(kind, record_id, 0, ChangeKind.REMOVED, {}, "", None, "", (), revision)


def incoming(row: StagedRow) -> Incoming:
    """Return the record of a staged row, to be planned again."""
    return Incoming(row.kind, row.id, row.line, row.imported or row.body, row.imported_digest)


def _row(new: Incoming, change: ChangeKind, body: Body, fields: tuple[str, ...], based_on: int | None) -> StagedRow:
    same = body == new.body
    shown = new.digest if same else digest(body)
    return StagedRow(
        new.kind, new.id, new.line, change, body, shown, None if same else new.body, new.digest, fields, based_on
    )
