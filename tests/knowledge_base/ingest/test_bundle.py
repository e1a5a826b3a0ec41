from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from knowledge_base import bundle
from knowledge_base.errors import InputError
from knowledge_base.ingest.bundle import LOADED, SOURCE, load_bundle
from knowledge_base.ingest.compare import ChangeKind
from knowledge_base.ingest.importer import import_files
from knowledge_base.ingest.report import ImportReport
from knowledge_base.model import RecordKind
from knowledge_base.store.database import Store
from knowledge_base.store.tables import record
from tests.knowledge_base.ingest.examples import Values, jsonl, project

PROJECT = RecordKind.PROJECT


async def load(store: Store, folder: Path, digest: str, *records: Values) -> ImportReport | None:
    parts = {"one.jsonl": records[:1], "two.jsonl": records[1:]}
    files = [jsonl(folder / name, part) for name, part in parts.items() if part]
    return await load_bundle(store, files=files, digest=digest)


async def titles(store: Store) -> dict[str, Any]:
    async with store.read() as tx:
        return {stored.id: stored.body["title"] async for stored in tx.records.stream()}


async def test_bundle_is_loaded_once_per_version(store: Store, tmp_path: Path) -> None:
    report = await load(store, tmp_path, "v1", project(1), project(2))
    assert report is not None
    assert (report.source, report.counts[ChangeKind.ADDED]) == (SOURCE, 2)
    assert await load(store, tmp_path, "v1") is None
    async with store.read() as tx:
        assert await tx.facts.get(LOADED) == "v1"


async def test_bundle_upgrade_keeps_edits_removals_and_own_imports(store: Store, tmp_path: Path) -> None:
    await load(store, tmp_path, "v1", *(project(n) for n in range(7)))
    async with store.begin() as tx:
        await tx.records.edit(PROJECT, "p1", project(1, title="Redaktion"))
        await tx.records.edit(PROJECT, "p2", project(2, title="Redaktion"))
        await tx.records.remove([(PROJECT, "p3")])
    await import_files(store, [jsonl(tmp_path / "own.jsonl", [project(4, title="Eigen"), project(5, title="Eigen")])])
    report = await load(
        store, tmp_path, "v2", project(0, title="v2"), project(1, title="v2", text="v2"), project(3, title="v2"),
        project(4, title="v2"), project(7, title="v2"),
    )  # fmt: skip
    assert report is not None
    assert (report.counts, report.fields) == (
        {ChangeKind.ADDED: 1, ChangeKind.CHANGED: 2, ChangeKind.REMOVED: 1}, {"title": 1, "text": 1},
    )  # fmt: skip
    assert await titles(store) == {
        "p0": "v2",
        "p1": "Redaktion",  # its text follows
        "p2": "Redaktion",  # gone from the bundle, kept because an editor changed it
        "p4": "Eigen", "p5": "Eigen",  # whoever imported them owns them
        "p7": "v2",
    }  # fmt: skip
    async with store.read() as tx:
        stored = await tx.records.get(PROJECT, "p1")
    assert stored is not None
    assert stored.body["text"] == "v2"


async def test_bundle_upgrade_keeps_editors_values_of_the_newer_fields(store: Store, tmp_path: Path) -> None:
    first = {"members": ["Cottbus", "Guben"], "translations": {"en": {"status": "planned"}}, "as_of": "2024-01-01"}
    await load(store, tmp_path, "v1", project(1, **first, asked_as={"de": ["Wer?"]}))
    async with store.begin() as tx:
        stored = await tx.records.get(PROJECT, "p1")
        assert stored is not None
        await tx.records.edit(PROJECT, "p1", {**stored.body, "as_of": "2026-01-01", "checked": "2026-02-01"})
    second = first | {"members": ["Cottbus"], "as_of": "2025-01-01", "checked": "2025-02-01"}
    await load(store, tmp_path, "v2", project(1, **second))
    async with store.read() as tx:
        stored = await tx.records.get(PROJECT, "p1")
    assert stored is not None
    assert stored.body == project(1, **second) | {"as_of": "2026-01-01", "checked": "2026-02-01"}


async def test_members_stored_as_extra_by_an_earlier_version_are_no_edit(store: Store, tmp_path: Path) -> None:
    await load(store, tmp_path, "v1", project(1), project(2))
    old = {"members": ["Cottbus", "Guben"]}
    async with store.begin() as tx:
        before = update(record).where(record.c.id == "p1")
        await tx.connection.execute(before.values(body=project(1, extra=old), imported=project(1, extra=old)))
        stored = await tx.records.get(PROJECT, "p1")
    assert stored is not None
    assert (stored.body, stored.edited_fields) == (project(1, **old), frozenset())
    report = await load(store, tmp_path, "v2", project(1, **old, status="Pilot"), project(2))
    assert report is not None
    assert report.fields == {"status": 1}


async def test_broken_bundle_stores_nothing_and_can_be_loaded_later(store: Store, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"broken.*title"):
        await load(store, tmp_path, "v1", project(1), project(2, title=""))
    assert await titles(store) == {}
    assert await load(store, tmp_path, "v1", project(1)) is not None


async def test_shipped_bundle_loads_without_warnings(sqlite_store: Store) -> None:
    report = await load_bundle(sqlite_store)
    assert report is not None
    assert report.warnings == ()
    async with sqlite_store.read() as tx:
        assert await tx.facts.get(LOADED) == bundle.digest()
        assert (await tx.records.count())[PROJECT] >= 36
    assert await load_bundle(sqlite_store) is None
