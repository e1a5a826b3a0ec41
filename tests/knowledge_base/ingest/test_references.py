"""The import warns about references of contacts that lead nowhere, and refuses nothing for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from knowledge_base.ingest.importer import Options, import_files
from knowledge_base.ingest.references import AT_ONCE, LISTED
from knowledge_base.store.database import Store
from tests.knowledge_base.ingest.examples import Values, contact, jsonl, project

TOWN = {"record": "municipality", "id": "12052000", "name": "Cottbus", "names": ["Chóśebuz"]}


async def warnings(store: Store, path: Path, *records: Values, dry_run: bool = False) -> tuple[str, ...]:
    (report,) = await import_files(store, [jsonl(path / "a.jsonl", records)], options=Options(dry_run=dry_run))
    assert report.ok
    return report.warnings


@pytest.mark.parametrize("dry_run", [True, False])
async def test_import_warns_about_broken_references_with_their_line(
    store: Store, tmp_path: Path, dry_run: bool
) -> None:
    wrong = contact(1, projects=["p-none"], topics=["energyy"], municipality="Atlantis", deputy="Jemand")
    (warning,) = await warnings(store, tmp_path, project(), wrong, dry_run=dry_run)
    assert "project 'p-none' (line 2)" in warning
    assert "topic 'energyy' (line 2)" in warning
    assert "municipality 'Atlantis' (line 2)" in warning
    assert "deputy (line 2)" in warning
    assert "Jemand" not in warning  # where it is no id, it may be a name


async def test_references_to_stored_or_imported_records_give_no_warning(store: Store, tmp_path: Path) -> None:
    assert await warnings(store, tmp_path, TOWN, project(1)) == ()
    right = contact(1, projects=["p1", "p2"], topics=["energy", "Mobilität"], municipality="Chóśebuz", deputy="c2")
    assert await warnings(store, tmp_path, right, contact(2), project(2)) == ()


async def test_reference_to_a_removed_project_gives_a_warning(store: Store, tmp_path: Path) -> None:
    await warnings(store, tmp_path, project(1))
    async with store.begin() as tx:
        ((kind, _),) = [(record.kind, record.id) async for record in tx.records.stream()]
        await tx.records.remove([(kind, "p1")])
    (warning,) = await warnings(store, tmp_path, contact(1, projects=["p1"]))
    assert "project 'p1' (line 1)" in warning


async def test_warning_lists_some_broken_references_and_counts_the_rest(store: Store, tmp_path: Path) -> None:
    wrong = contact(1, projects=[f"p{number}" for number in range(AT_ONCE + 1)])
    (warning,) = await warnings(store, tmp_path, wrong)
    assert warning.count("project 'p") == LISTED
    assert f" and {AT_ONCE + 1 - LISTED} more" in warning
