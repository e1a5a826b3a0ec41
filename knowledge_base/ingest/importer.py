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
from dataclasses import dataclass, field
from pathlib import Path

from knowledge_base.codec import kind_of, to_body
from knowledge_base.errors import InputError
from knowledge_base.ingest import readers
from knowledge_base.ingest.batches import BATCH, batch_of
from knowledge_base.ingest.files import expand
from knowledge_base.ingest.limits import MAX_ROWS
from knowledge_base.ingest.plan import Incoming, incoming, is_settled, planned, removal
from knowledge_base.ingest.references import References
from knowledge_base.ingest.report import Collector, ImportReport
from knowledge_base.ingest.row import Row, RowError, UnreadableError
from knowledge_base.ingest.validation import ValidRecord, validate
from knowledge_base.model import RecordKind
from knowledge_base.progress import Progress, silent
from knowledge_base.store.database import Store
from knowledge_base.store.imports import Bodies, Key, StagedRow
from knowledge_base.store.transaction import Transaction


class SupersededError(InputError):
    """A newer import of the same source that began before this one was done; nothing of this one was stored."""


@dataclass(frozen=True, slots=True)
class Options:
    """Options of an import.

    ``remove_missing`` removes records that the source no longer holds (unless an editor changed them); ``own_only``
    leaves records of other sources alone.
    """

    dry_run: bool = False
    remove_missing: bool = False
    own_only: bool = False


@dataclass(slots=True)
class Seen:
    """The ids that the files of one command hold, and their places."""

    _files: list[tuple[str, dict[Key, int]]] = field(default_factory=list)

    def begin(self, file: str) -> dict[Key, int]:
        self._files.append((file, {}))
        return self._files[-1][1]

    def has(self, key: Key) -> bool:
        """Return whether one of the files holds this record."""
        return any(key in lines for _, lines in self._files)

    def place(self, key: Key) -> str:
        """Return "file, line n" of the first record with this key, or ""."""
        return next((f"{file}, line {lines[key]}" for file, lines in self._files if key in lines), "")


async def import_files(
    store: Store,
    paths: Iterable[Path],
    *,
    source: str = "",
    options: Options = Options(),  # safe as a default: it is frozen
    progress: Progress = silent,
) -> list[ImportReport]:
    """Import files and the files of folders, one after the other; return one report each, in order.

    ``source`` names the origin of the data, for one file only; the default is the file's absolute path. A later version
    of the same source may then remove what it no longer holds.

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
        for file in files:
            name = source or file.resolve().as_posix()
            reports.append(await import_rows(store, _opened(file), str(file), name, options, progress, seen))
    return reports


async def import_rows(
    store: Store,
    rows: Iterator[Row | RowError],
    file: str,
    source: str,
    options: Options,
    progress: Progress = silent,
    seen: Seen | None = None,
) -> ImportReport:
    """Import rows as one unit; see ``import_files``."""
    run = _Run(store, source, options, progress, Collector(file, source, options.dry_run), seen or Seen())
    return await run.execute(rows)


def _opened(path: Path) -> Iterator[Row | RowError]:
    yield from readers.rows(path)  # an unreadable file reports its error on the first row, like every other


class _Run:
    """The import of one file."""

    def __init__(
        self, store: Store, source: str, options: Options, progress: Progress, collector: Collector, seen: Seen
    ) -> None:
        self._store = store
        self._source = source
        self._options = options
        self._progress = progress
        self._collector = collector
        self._seen = seen
        self._keys = seen.begin(collector.file)
        self._references = References()
        self._staged = 0
        self._id = ""

    async def execute(self, rows: Iterator[Row | RowError]) -> ImportReport:
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

    async def _read(self, rows: Iterator[Row | RowError]) -> None:
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

    def _checked(self, batch: Sequence[Row | RowError]) -> list[Incoming]:
        valid = []
        for row in batch:
            self._collector.rows += 1
            if self._collector.rows > MAX_ROWS:
                raise UnreadableError(self._collector.file, f"The file holds more than {MAX_ROWS} records.")
            result = [row] if isinstance(row, RowError) else validate(row)
            if isinstance(result, list):
                self._collector.error(*result)
            elif new := self._new(row.file, result):
                valid.append(new)
        return valid

    def _new(self, file: str, checked: ValidRecord) -> Incoming | None:
        key = (kind_of(checked.record), checked.record.id)
        if place := self._seen.place(key):
            reason = f"The id stands already in {place}."
            self._collector.error(RowError(file, checked.line, "id", reason, "Each record needs an id of its own."))
            return None
        self._keys[key] = checked.line
        self._collector.checked(checked)
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
        return [(planned(new, known.get(new.id), stored.get(new.id)), stored.get(new.id)) for new in open_]

    async def _stage(self, rows: Sequence[StagedRow]) -> None:
        self._staged += len(rows)
        if rows and not self._options.dry_run:
            async with self._store.begin() as tx:
                await tx.imports.stage(self._id, rows)

    async def _find_missing(self) -> None:
        """Find the records that the source brought before and no longer holds."""
        after: Key | None = None
        while True:
            async with self._store.read() as tx:
                page = await tx.imports.owned(self._source, after, BATCH)
            if not page:
                return
            after = page[-1][0]
            gone = [(key, revision) for key, revision, edited in page if key not in self._keys and not edited]
            if self._options.remove_missing:
                rows = [removal(*key, revision) for key, revision in gone]
                await self._stage(rows)
                for row in rows:
                    self._collector.change(row, None)
            else:
                self._collector.missing += len(gone)

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
