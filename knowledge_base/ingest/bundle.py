"""Loads the knowledge that ships with the product into the store, at the first start and after an upgrade.

A newer bundle is merged like any other import: fields that an editor changed stay, and a record that an editor removed
stays removed. A record imported from another source stays as it is. Records that are gone from the bundle are removed,
unless an editor changed them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path

from knowledge_base import bundle
from knowledge_base.errors import InputError
from knowledge_base.ingest import readers
from knowledge_base.ingest.importer import Options, SupersededError, import_rows
from knowledge_base.ingest.report import ImportReport
from knowledge_base.ingest.row import Row, RowError
from knowledge_base.model import Json
from knowledge_base.progress import Progress, silent
from knowledge_base.store.database import Store

SOURCE = "bundle"
LOADED = "bundle digest"  # the fact that names the bundle in the store
_OPTIONS = Options(remove_missing=True, own_only=True)
_ATTEMPTS = 3  # of several processes that start at once, the last one to begin wins


def shipped_rows() -> Iterator[Row | RowError]:
    """Yield the rows of the shipped bundle, each project with its translations and questions."""
    joined = {field: _by_id(path) for field, path in bundle.joined_files().items()}
    for row in chain.from_iterable(map(readers.rows, bundle.files())):
        if isinstance(row, Row):
            more = {field: by_id[row.values["id"]] for field, by_id in joined.items() if row.values["id"] in by_id}
            yield replace(row, values={**row.values, **more})
        else:
            yield row


def _by_id(path: Path) -> dict[str, Json]:
    rows = [row.values for row in readers.rows(path) if isinstance(row, Row)]
    return {row["id"]: {name: value for name, value in row.items() if name != "id"} for row in rows}


async def load_bundle(
    store: Store, progress: Progress = silent, *, files: Sequence[Path] | None = None, digest: str | None = None
) -> ImportReport | None:
    """Bring the store to the bundle of this version; return ``None`` when it is there already.

    ``files`` and ``digest`` are for other bundles than the shipped one. Errors: ``InputError`` when the bundle is not
    valid, which is a fault of the package.
    """
    wanted = bundle.digest() if digest is None else digest
    attempts = 0
    while True:
        async with store.read() as tx:
            if await tx.facts.get(LOADED) == wanted:
                return None
        rows = shipped_rows() if files is None else chain.from_iterable(map(readers.rows, files))
        try:
            report = await import_rows(store, rows, SOURCE, SOURCE, _OPTIONS, progress)
        except SupersededError:
            attempts += 1
            if attempts == _ATTEMPTS:
                raise
            continue
        if not report.ok:
            raise InputError(f"The bundle is broken: {report.errors[0]}", remedy="Install the package again.")
        async with store.begin() as tx:
            await tx.facts.put(LOADED, wanted)
        return report
