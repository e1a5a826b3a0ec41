"""Files into the knowledge base: read, check, compare, stage; then make everything of a file visible at once.

    rows ──read──▶ Row ──validate──▶ record ──compare with the store──▶ StagedRow ──in batches──▶ import_row
                                                                                                    │ the file is valid
                                                                              record ◀──one transaction──┘

Each file is one unit: all of it shows, or nothing. Memory holds one batch and the ids (to find duplicates). Embedding
comes later (``embedding_backlog``), so that an import never waits for a model.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from knowledge_base.codec import kind_of, to_body
from knowledge_base.errors import InputError
from knowledge_base.ingest import readers
from knowledge_base.ingest.batches import BATCH, batch_of
from knowledge_base.ingest.doubts import Doubts
from knowledge_base.ingest.files import expand
from knowledge_base.ingest.limits import MAX_ROWS
from knowledge_base.ingest.notes import Note, NoteKind
from knowledge_base.ingest.options import DEFAULT, Options, Seen
from knowledge_base.ingest.plan import Incoming, incoming, is_settled, planned, removal
from knowledge_base.ingest.preparation import gazetteer_of, notes_about_stored, prepare, remember
from knowledge_base.ingest.readers.table import Event
from knowledge_base.ingest.references import References
from knowledge_base.ingest.report import LISTED, Collector, ImportReport
from knowledge_base.ingest.row import Row, RowError, UnreadableError
from knowledge_base.ingest.validation import ValidRecord, validate
from knowledge_base.model import RecordKind
from knowledge_base.progress import Progress, silent
from knowledge_base.store.database import Store
from knowledge_base.store.imports import Bodies, Key, StagedRow
from knowledge_base.store.transaction import Transaction

__all__ = ["Options", "Seen", "SupersededError", "import_files", "import_rows"]


class SupersededError(InputError):
    """A newer import of the same source that began before this one was done; nothing of this one was stored."""


async def import_files(
    store: Store,
    paths: Iterable[Path],
    *,
    source: str = "",
    options: Options = DEFAULT,
    progress: Progress = silent,
) -> list[ImportReport]:
    """Import files and the files of folders, one after the other; return one report each, in order.

    ``source`` names the origin of the data, for one file only. Without it, the source is the one that brought most of
    the file's records before, else the file's absolute path. A later version of the same source may then remove what it
    no longer holds.

    Errors: ``InputError`` for wrong use; ``SupersededError``; whatever is wrong with a file is in its report.
    """
    reports: list[ImportReport] = []
    seen = Seen()
    for path in paths:
        try:
            files = list(expand([path]))
        except UnreadableError as error:
            collector = Collector(str(path), source, options.dry_run)
            collector.error(error.error)
            reports.append(collector.report())
            continue
        if source and (len(files) > 1 or reports):
            raise InputError("One source name cannot stand for several files.", remedy="Import them one by one.")
        reports += [await _import_file(store, file, source, options, progress, seen) for file in files]
    return reports


async def _import_file(
    store: Store, file: Path, source: str, options: Options, progress: Progress, seen: Seen
) -> ImportReport:
    prepared = await prepare(store, file, source, options.reading)
    gazetteer = await gazetteer_of(store)
    collector = Collector(str(file), prepared.source, options.dry_run)
    run = _Run(store, prepared.source, options, progress, collector, seen, Doubts(gazetteer), guessed=prepared.guessed)
    report = await run.execute(prepared.rows(gazetteer, seen.has))
    if report.ok and not options.dry_run:
        await remember(store, prepared.source, options.reading)
    return report


async def import_rows(
    store: Store,
    rows: Iterator[Event],
    file: str,
    source: str,
    options: Options,
    progress: Progress = silent,
    seen: Seen | None = None,
) -> ImportReport:
    """Import rows as one unit; see ``import_files``."""
    run = _Run(store, source, options, progress, Collector(file, source, options.dry_run), seen or Seen())
    return await run.execute(rows)


def _opened(path: Path) -> Iterator[Event]:
    yield from readers.rows(path)  # an unreadable file reports its error on the first row, like every other


class _Run:
    """The import of one file."""

    def __init__(
        self,
        store: Store,
        source: str,
        options: Options,
        progress: Progress,
        collector: Collector,
        seen: Seen,
        doubts: Doubts | None = None,
        *,
        guessed: bool = False,
    ) -> None:
        self._store = store
        self._source = source
        self._options = options
        self._progress = progress
        self._collector = collector
        self._seen = seen
        self._doubts = doubts
        self._guessed = guessed
        self._keys = seen.begin(collector.file)
        self._references = References()
        self._staged = 0
        self._id = ""

    async def execute(self, rows: Iterator[Event]) -> ImportReport:
        try:
            if not self._options.dry_run:
                await self._start()
            await self._read(rows)
            if not self._collector.error_count:
                await self._find_missing()
                async with self._store.read() as tx:
                    self._collector.references = await self._references.warning(tx, self._seen.has)
            await self._finish()
        except BaseException:
            await self._give_up()
            raise
        return self._collector.report()

    async def _start(self) -> None:
        async with self._store.begin() as tx:
            self._id = await tx.imports.start(self._source)
        await self._sweep()

    async def _read(self, rows: Iterator[Event]) -> None:
        """Check every row; stage changes as long as all rows are valid."""
        try:
            while batch := await asyncio.to_thread(batch_of, rows):
                checked = await asyncio.to_thread(self._checked, batch)
                if not self._collector.error_count:
                    for kind in RecordKind:
                        await self._stage_new(kind, [new for new in checked if new.kind is kind])
                self._progress("read", self._collector.rows, None)
        except UnreadableError as error:
            self._collector.error(error.error)
        if not self._collector.rows and not self._collector.error_count:
            self._collector.error(RowError(self._collector.file, 0, "", "The file holds no record."))

    def _checked(self, batch: Sequence[Event]) -> list[Incoming]:
        valid = []
        for row in batch:
            if isinstance(row, Note):
                self._collector.notes.add(row)
                continue
            self._collector.rows += 1
            if self._collector.rows > MAX_ROWS:
                raise UnreadableError(self._collector.file, f"The file holds more than {MAX_ROWS} records.")
            result = [row] if isinstance(row, RowError) else validate(row)
            if isinstance(result, list):
                self._collector.error(*result)
            elif isinstance(row, Row) and (new := self._new(row, result)):
                valid.append(new)
        return valid

    def _new(self, row: Row, checked: ValidRecord) -> Incoming | None:
        key = (kind_of(checked.record), checked.record.id)
        if place := self._seen.place(key):
            reason = f"The id stands already in {place}."
            self._collector.error(RowError(row.file, checked.line, "id", reason, "Each record needs an id of its own."))
            return None
        self._keys[key] = checked.line
        self._collector.checked(checked)
        self._collector.notes.add(*(Note(row.file, row.line, NoteKind.PERSON, name) for name in checked.persons))
        self._collector.notes.add(*(self._doubts.of(row, checked.record) if self._doubts else ()))
        self._references.note(checked.record, checked.line)
        return Incoming.of(key[0], checked.line, to_body(checked.record))

    async def _stage_new(self, kind: RecordKind, batch: Sequence[Incoming]) -> None:
        if not batch:
            return
        async with self._store.read() as tx:
            changes = await self._compare(tx, kind, batch)
        await self._stage([row for row, _ in changes])
        for row, before in changes:
            self._collector.change(row, before)

    async def _compare(
        self, tx: Transaction, kind: RecordKind, batch: Sequence[Incoming]
    ) -> list[tuple[StagedRow, Bodies | None]]:
        known = await tx.imports.known(kind, [new.id for new in batch])
        open_ = [
            new
            for new in batch
            if not is_settled(new, known.get(new.id), self._source, own_only=self._options.own_only)
        ]
        self._collector.settled += len(batch) - len(open_)
        stored = await tx.imports.bodies(kind, [new.id for new in open_ if new.id in known])
        for new in open_:
            about = notes_about_stored(self._collector.file, self._source, new, known.get(new.id), stored.get(new.id))
            self._collector.notes.add(*about)
        return [(planned(new, known.get(new.id), stored.get(new.id)), stored.get(new.id)) for new in open_]

    async def _stage(self, rows: Sequence[StagedRow]) -> None:
        self._staged += len(rows)
        if rows and not self._options.dry_run:
            async with self._store.begin() as tx:
                await tx.imports.stage(self._id, rows)

    async def _find_missing(self) -> None:
        """Find the records that the source brought before and no longer holds."""
        gone: list[tuple[Key, int]] = []
        after, held = None, 0
        while True:
            async with self._store.read() as tx:
                page = await tx.imports.owned(self._source, after, BATCH)
            if not page:
                break
            after, held = page[-1][0], held + len(page)
            gone += [(key, revision) for key, revision, edited in page if key not in self._keys and not edited]
        self._collector.missing_ids = [key[1] for key, _ in gone[:LISTED]]
        if not self._options.remove_missing:
            self._collector.missing = len(gone)
        elif self._guessed and 2 * len(gone) > held:
            reason = f"The file lacks {len(gone)} of the {held} records of the source {self._source!r}."
            remedy = f"Say --source {self._source!r} to remove them, or leave out --remove-missing."
            self._collector.error(RowError(self._collector.file, 0, "", reason, remedy))
        else:
            rows = [removal(*key, revision) for key, revision in gone]
            await self._stage(rows)
            for row in rows:
                self._collector.change(row, None)

    async def _finish(self) -> None:
        if self._options.dry_run:
            return
        if self._collector.error_count or not self._staged:
            async with self._store.begin() as tx:
                await tx.imports.end(self._id, "failed" if self._collector.error_count else "done")
        else:
            await self._publish()
        await self._sweep()

    async def _publish(self) -> None:
        self._progress("publish", 0, self._staged)
        async with self._store.begin(long=True) as tx:
            revision = await tx.records.next_revision()
            await self._refresh(tx)
            if not await tx.imports.publish(self._id, revision):
                raise SupersededError(
                    f"Another import of {self._source} began meanwhile; nothing of this one was stored.",
                    remedy="Run it again when the other one is done.",
                )
        self._progress("publish", self._staged, self._staged)

    async def _refresh(self, tx: Transaction) -> None:
        """Compare records again that changed since they were staged; usually there are none."""
        fresh: list[StagedRow] = []
        outdated = await tx.imports.outdated(self._id)
        for row in outdated:
            if row.what != "removed":
                fresh += [change for change, _ in await self._compare(tx, row.kind, [incoming(row)])]
        if outdated:
            await tx.imports.restage(self._id, fresh, [(row.kind, row.id) for row in outdated])

    async def _give_up(self) -> None:
        """Delete the staged rows; if that fails, the next import of this source does it."""
        if self._id:
            with suppress(Exception):  # report the first error, not one of the clean-up
                async with self._store.begin() as tx:
                    await tx.imports.end(self._id, "failed")
                await self._sweep()

    async def _sweep(self) -> None:
        more = True
        while more:
            async with self._store.begin() as tx:
                more = await tx.imports.sweep(4 * BATCH)
