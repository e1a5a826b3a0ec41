"""The report of a file (counts, changes, warnings, errors), and the collector that fills it row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from knowledge_base.ingest.compare import ChangeKind, FieldChange, field_changes
from knowledge_base.ingest.limits import MAX_ERRORS
from knowledge_base.ingest.notes import Notes, places
from knowledge_base.ingest.row import RowError
from knowledge_base.ingest.validation import ValidRecord
from knowledge_base.model import Contact, RecordKind
from knowledge_base.store.imports import Bodies, StagedRow

MAX_CHANGES = 100  # number of records with listed changes; the others are counted
LISTED = 10  # ids of missing records that are named


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A record that changes; ``fields`` only for a changed one."""

    effect: ChangeKind
    kind: RecordKind
    id: str
    line: int  # 0: the file holds it no more
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """The result of one file. Where ``errors`` is not empty, nothing of the file was stored.

    ``changes`` and ``errors`` list the first ones only; ``counts`` and ``error_count`` count all.
    """

    file: str
    source: str
    dry_run: bool
    rows: int
    counts: Mapping[ChangeKind, int]
    unchanged: int
    missing: int  # records that this source no longer holds, left as they are
    missing_ids: tuple[str, ...]  # the first of them, or of those that are removed
    fields: Mapping[str, int]  # name of a changed field -> how many records
    changes: tuple[RecordChange, ...]
    warnings: tuple[str, ...]
    unknown_fields: tuple[str, ...]
    errors: tuple[RowError, ...]
    error_count: int

    @property
    def ok(self) -> bool:
        return not self.error_count


@dataclass(slots=True)
class Collector:
    """A builder of a report; its size is bounded, however long the file."""

    file: str
    source: str
    dry_run: bool
    rows: int = 0
    missing: int = 0
    settled: int = 0
    missing_ids: list[str] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)
    references: str = ""  # the warning about references that lead nowhere
    error_count: int = 0
    errors: list[RowError] = field(default_factory=list)
    _counts: Counter[ChangeKind] = field(default_factory=Counter)
    _fields: Counter[str] = field(default_factory=Counter)
    _changes: list[RecordChange] = field(default_factory=list)
    _unknown: set[str] = field(default_factory=set)
    _masked: list[int] = field(default_factory=list)
    _without_basis: list[int] = field(default_factory=list)

    def error(self, *errors: RowError) -> None:
        self.error_count += len(errors)
        self.errors += errors[: max(0, MAX_ERRORS - len(self.errors))]

    def checked(self, row: ValidRecord) -> None:
        self._unknown.update(row.unknown)
        if row.masked:
            self._masked.append(row.line)
        if isinstance(row.record, Contact) and not row.record.legal_basis:
            self._without_basis.append(row.line)

    def change(self, row: StagedRow, before: Bodies | None) -> None:
        effect = ChangeKind(row.what)
        self._counts[effect] += 1
        self._fields.update(row.fields)
        if effect is not ChangeKind.NOTED and len(self._changes) < MAX_CHANGES:
            fields = field_changes(row.kind, before.body, row.body) if before and effect is ChangeKind.CHANGED else ()
            self._changes.append(RecordChange(effect, row.kind, row.id, row.line, fields))

    def report(self) -> ImportReport:
        valid = not self.error_count
        counts = {
            effect: self._counts[effect] if valid else 0
            for effect in (ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.REMOVED)
        }
        return ImportReport(
            file=self.file,
            source=self.source,
            dry_run=self.dry_run,
            rows=self.rows,
            counts=counts,
            unchanged=self.settled + self._counts[ChangeKind.NOTED] if valid else 0,
            missing=self.missing if valid else 0,
            missing_ids=tuple(self.missing_ids) if valid else (),
            fields=dict(self._fields.most_common()) if valid else {},
            changes=tuple(self._changes) if valid else (),
            warnings=tuple(self._warnings()),
            unknown_fields=tuple(sorted(self._unknown)),
            errors=tuple(self.errors),
            error_count=self.error_count,
        )

    def _warnings(self) -> list[str]:
        warnings = []
        if self._masked:
            warnings.append(
                "E-mail addresses, phone numbers or Matrix ids in texts that everybody can find were masked "
                f"({places(self._masked)}). Name people as contacts instead."
            )
        if self._without_basis:
            warnings.append(f"Nobody is introduced to a contact without legal_basis ({places(self._without_basis)}).")
        return [*self.notes.sentences(), *warnings, *([self.references] if self.references else [])]
