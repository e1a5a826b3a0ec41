"""The importer loads files into a real store, on both databases."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from knowledge_base.errors import InputError
from knowledge_base.ingest import importer
from knowledge_base.ingest.compare import ChangeKind, FieldChange
from knowledge_base.ingest.importer import BATCH, Options, SupersededError, import_files
from knowledge_base.ingest.limits import MAX_ERRORS
from knowledge_base.ingest.report import ImportReport, RecordChange
from knowledge_base.model import RecordKind
from knowledge_base.store.database import Store
from knowledge_base.store.tables import record
from tests.conftest import FixedClock
from tests.knowledge_base.ingest.examples import contact, csv_table, jsonl, project

PROJECT = RecordKind.PROJECT
ADDED, CHANGED, REMOVED = ChangeKind.ADDED, ChangeKind.CHANGED, ChangeKind.REMOVED


async def load(store: Store, path: Path, **options: Any) -> ImportReport:
    source = options.pop("source", "")
    (report,) = await import_files(store, [path], source=source, options=Options(**options))
    return report


async def shown(store: Store) -> dict[str, Mapping[str, Any]]:
    async with store.read() as tx:
        return {stored.id: stored.body async for stored in tx.records.stream()}


async def changes(store: Store, since: int = 0) -> list[tuple[str, bool]]:
    rows = select(record.c.id, record.c.removed_at.is_not(None)).where(record.c.revision > since)
    async with store.read() as tx:
        return [(row[0], row[1]) for row in await tx.connection.execute(rows.order_by(record.c.kind, record.c.id))]


async def revision(store: Store) -> int:
    async with store.read() as tx:
        return await tx.records.revision()


async def edit(store: Store, record_id: str, **fields: Any) -> None:
    body = (await shown(store)).get(record_id, {"id": record_id})
    async with store.begin() as tx:
        await tx.records.edit(PROJECT, record_id, dict(body) | fields)


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return (*(report.counts[what] for what in (ADDED, CHANGED, REMOVED)), report.unchanged)


async def test_import_publishes_all_new_records_under_one_revision(store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [project(n) for n in range(2 * BATCH + 1)])
    report = await load(store, path)
    assert report.ok
    assert (report.rows, counts(report)) == (2 * BATCH + 1, (2 * BATCH + 1, 0, 0, 0))
    assert len(await shown(store)) == 2 * BATCH + 1
    assert await revision(store) == 1
    async with store.read() as tx:
        stored = await tx.records.get(PROJECT, "p7")
    assert stored is not None
    assert (stored.body, stored.imported, stored.source) == (project(7), project(7), path.resolve().as_posix())
    assert stored.edited_fields == frozenset()


async def test_importing_the_same_file_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [project(1), project(2), contact()])
    await load(store, path)
    report = await load(store, path)
    assert counts(report) == (0, 0, 0, 3)
    assert report.changes == ()
    assert await revision(store) == 1


async def test_import_report_lists_changes_by_field(store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [project(1), project(2), project(3)])
    await load(store, path)
    jsonl(path, [project(1), project(2, title="Neu", url="https://x.example"), project(4)])
    report = await load(store, path)
    assert counts(report) == (1, 1, 0, 1)
    assert report.fields == {"title": 1, "url": 1}
    change = (FieldChange("title", "Projekt 2", "Neu"), FieldChange("url", "", "https://x.example"))
    assert report.changes == (
        RecordChange(CHANGED, PROJECT, "p2", 2, change),
        RecordChange(ADDED, PROJECT, "p4", 3),
    )
    assert report.missing == 1
    assert set(await shown(store)) == {"p1", "p2", "p3", "p4"}
    assert await changes(store, 1) == [("p2", False), ("p4", False)]


async def test_dry_run_reports_the_same_changes_and_stores_nothing(store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [project(1), project(2), project(3)])
    await load(store, path)
    before = await shown(store)
    jsonl(path, [project(1), project(2, title="Neu"), project(4)])
    tried = await load(store, path, dry_run=True, remove_missing=True)
    assert (counts(tried), tried.dry_run) == ((1, 1, 1, 1), True)
    assert (await shown(store), await revision(store)) == (before, 1)
    done = await load(store, path, remove_missing=True)
    assert (counts(done), done.changes, done.fields) == (counts(tried), tried.changes, tried.fields)


async def test_invalid_row_keeps_its_whole_file_out_of_the_store(store: Store, tmp_path: Path) -> None:
    records = [project(n) for n in range(2 * BATCH)]
    records[BATCH + 3] |= {"url": "x"}
    good = jsonl(tmp_path / "good.jsonl", [project("g")])  # type: ignore[arg-type]
    bad = jsonl(tmp_path / "bad.jsonl", records)
    first, second = await import_files(store, [bad, good])
    assert (first.ok, first.error_count, counts(first)) == (False, 1, (0, 0, 0, 0))
    (error,) = first.errors
    assert (error.file, error.line, error.field) == (str(bad), BATCH + 4, "url")
    assert second.ok
    assert set(await shown(store)) == {"pg"}


async def test_import_counts_all_errors_and_lists_the_first(store: Store, tmp_path: Path) -> None:
    report = await load(store, jsonl(tmp_path / "a.jsonl", [{"id": str(n)} for n in range(1000)]))
    assert (report.error_count, len(report.errors), report.rows) == (2000, MAX_ERRORS, 1000)
    assert report.errors[-1].line == MAX_ERRORS // 2


@pytest.mark.parametrize("content", [b"\xff\xfei\0d\0", b"id\0", b"", b'{"id": "p1", "title": "x", "text": "y"}\n\xff'])
async def test_unreadable_file_is_reported_as_one_error(store: Store, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jsonl").write_bytes(content)
    report = await load(store, tmp_path / "a.jsonl")
    assert report.error_count == 1
    assert await shown(store) == {}


async def test_missing_files_and_empty_folders_do_not_stop_the_others(sqlite_store: Store, tmp_path: Path) -> None:
    good = jsonl(tmp_path / "a.jsonl", [project()])
    (tmp_path / "empty").mkdir()
    reports = await import_files(sqlite_store, [tmp_path / "gone.csv", tmp_path / "empty", good])
    assert [report.ok for report in reports] == [False, False, True]
    reasons = [report.errors[0].reason for report in reports[:2]]
    assert reasons == ["There is no such file.", "The folder holds no file to import."]


async def test_file_without_records_is_refused(sqlite_store: Store, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,title,text\n")
    report = await load(sqlite_store, tmp_path / "a.csv")
    assert report.errors[0].reason == "The file holds no record."


async def test_id_that_occurs_twice_in_an_import_is_refused(store: Store, tmp_path: Path) -> None:
    first = jsonl(tmp_path / "a.jsonl", [project(1)])
    second = jsonl(tmp_path / "b.jsonl", [project(2), project(1), project(2), contact(record="contact", id="p1")])
    reports = await import_files(store, [tmp_path])
    assert [report.ok for report in reports] == [True, False]
    assert [(error.line, error.field, error.reason) for error in reports[1].errors] == [
        (2, "id", f"The id stands already in {first}, line 1."),
        (3, "id", f"The id stands already in {second}, line 1."),
    ]
    assert set(await shown(store)) == {"p1"}


async def test_import_keeps_edited_fields_and_updates_the_others(store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [project(1), project(2)])
    await load(store, path)
    await edit(store, "p1", title="Besser")
    jsonl(path, [project(1, title="Anders", text="Neuer Text"), project(2)])
    report = await load(store, path)
    assert (counts(report), report.fields) == ((0, 1, 0, 1), {"text": 1})
    assert (await shown(store))["p1"] == project(1, title="Besser", text="Neuer Text")
    async with store.read() as tx:
        stored = await tx.records.get(PROJECT, "p1")
    assert stored is not None
    assert stored.imported == project(1, title="Anders", text="Neuer Text")
    assert stored.edited_fields == {"title"}
    assert counts(await load(store, path)) == (0, 0, 0, 2)


async def test_import_does_not_report_changes_of_an_edited_field(store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [project(1)])
    await load(store, path)
    await edit(store, "p1", title="Besser")
    report = await load(store, jsonl(path, [project(1, title="Anders")]))
    assert (counts(report), report.changes) == ((0, 0, 0, 1), ())
    assert (await shown(store))["p1"]["title"] == "Besser"


async def test_import_completes_a_record_that_an_editor_wrote(store: Store, tmp_path: Path) -> None:
    await edit(store, "p1", title="Mein Titel")
    await load(store, jsonl(tmp_path / "a.jsonl", [project(1)]))
    assert (await shown(store))["p1"] == project(1, title="Mein Titel")


async def test_import_does_not_restore_records_that_an_editor_removed(
    store: Store, tmp_path: Path, clock: FixedClock
) -> None:
    path = jsonl(tmp_path / "a.jsonl", [project(1), project(2)])
    await load(store, path)
    clock.advance(days=1)
    async with store.begin() as tx:
        await tx.records.remove([(PROJECT, "p1")])
    clock.advance(days=1)
    for title in ("Projekt 1", "Neu"):
        report = await load(store, jsonl(path, [project(1, title=title), project(2)]), remove_missing=True)
        assert counts(report) == (0, 0, 0, 2)
        assert set(await shown(store)) == {"p2"}


async def test_import_removes_missing_records_only_on_request_and_never_edited_ones(
    store: Store, tmp_path: Path
) -> None:
    path = jsonl(tmp_path / "a.jsonl", [project(n) for n in range(4)])
    await load(store, path)
    await load(store, jsonl(tmp_path / "other.jsonl", [project(9)]))
    await edit(store, "p3", title="Besser")
    jsonl(path, [project(0)])
    report = await load(store, path)
    assert (report.missing, counts(report), len(await shown(store))) == (2, (0, 0, 0, 1), 5)
    report = await load(store, path, remove_missing=True)
    assert (report.missing, counts(report)) == (0, (0, 0, 2, 1))
    assert [(change.effect, change.id) for change in report.changes] == [(REMOVED, "p1"), (REMOVED, "p2")]
    assert set(await shown(store)) == {"p0", "p3", "p9"}


async def test_import_restores_records_that_an_import_removed(store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [project(1), project(2)])
    await load(store, path)
    await load(store, jsonl(path, [project(2)]), remove_missing=True)
    report = await load(store, jsonl(path, [project(1), project(2)]))
    assert counts(report) == (1, 0, 0, 1)
    assert set(await shown(store)) == {"p1", "p2"}


async def test_record_belongs_to_the_source_that_imported_it_last(store: Store, tmp_path: Path) -> None:
    first = jsonl(tmp_path / "a.jsonl", [project(1), project(2)])
    await load(store, first)
    report = await load(store, jsonl(tmp_path / "b.jsonl", [project(1)]))
    assert counts(report) == (0, 0, 0, 1)
    jsonl(first, [project(3)])
    await load(store, first, remove_missing=True)
    assert set(await shown(store)) == {"p1", "p3"}


async def test_named_source_keeps_its_records_when_the_file_name_changes(store: Store, tmp_path: Path) -> None:
    await load(store, jsonl(tmp_path / "2025.jsonl", [project(1), project(2)]), source="Portal")
    report = await load(store, jsonl(tmp_path / "2026.jsonl", [project(2)]), source="Portal", remove_missing=True)
    assert (report.source, counts(report)) == ("Portal", (0, 0, 1, 1))


async def test_named_source_for_several_files_is_refused(sqlite_store: Store, tmp_path: Path) -> None:
    for name in "ab":
        jsonl(tmp_path / f"{name}.jsonl", [project(name)])  # type: ignore[arg-type]
    for paths in ([tmp_path], [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]):
        with pytest.raises(InputError, match="several files"):
            await import_files(sqlite_store, paths, source="Portal")


async def test_import_keeps_edits_made_between_comparison_and_publication(store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [project(n) for n in range(4)])
    await load(store, path)
    jsonl(path, [project(0, title="Neu"), project(1, title="Neu", text="Neu"), project(5)])

    async def editors() -> None:
        async with store.begin() as tx:
            await tx.records.remove([(PROJECT, "p0")])
        await edit(store, "p1", title="Besser")
        await edit(store, "p3", title="Bleibt")
        await edit(store, "p5", title="Schneller")

    report = await _interrupted(store, path, Options(remove_missing=True), editors)
    assert report.ok
    result = await shown(store)
    assert set(result) == {"p1", "p3", "p5"}  # p0 was removed by an editor, p2 by the import, p3 was edited
    assert result["p1"] == project(1, title="Besser", text="Neu")
    assert result["p5"] == project(5, title="Schneller")


async def test_later_import_of_the_same_source_stops_the_earlier_import(store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [project(1)])

    async def second_import() -> None:
        report = await _interrupted(store, jsonl(path, [project(2)]), Options())
        assert report.ok

    with pytest.raises(SupersededError, match="began meanwhile"):
        await _interrupted(store, path, Options(), second_import)
    assert set(await shown(store)) == {"p2"}


async def test_failed_import_raises_its_error_and_leaves_no_records(store: Store, tmp_path: Path) -> None:
    path = jsonl(tmp_path / "a.jsonl", [project(n) for n in range(2 * BATCH)])

    class BrokenError(Exception):
        pass

    def broken(phase: str, _done: int, _total: int | None) -> None:
        if phase == "publish":
            raise BrokenError

    with pytest.raises(BrokenError):
        await import_files(store, [path], progress=broken)
    assert await shown(store) == {}
    async with store.begin() as tx:
        assert not await tx.imports.sweep(1)


async def _nothing() -> None:
    pass


async def _interrupted(
    store: Store, path: Path, options: Options, meanwhile: Callable[[], Awaitable[None]] = _nothing
) -> ImportReport:
    """Import a file and run ``meanwhile`` between comparison and publication."""

    class Interrupted(importer._Run):
        async def _publish(self) -> None:
            await meanwhile()
            await super()._publish()

    source = await asyncio.to_thread(lambda: path.resolve().as_posix())
    collector = importer.Collector(str(path), source, dry_run=False)
    run = Interrupted(store, source, options, importer.silent, collector, importer.Seen())
    return await run.execute(importer._opened(path))


async def test_import_report_groups_warnings_and_unknown_fields(sqlite_store: Store, tmp_path: Path) -> None:
    rows = [project(n, text="Frag leitstelle@stadt.example", year=1, note="x") for n in range(12)]
    rows += [contact(legal_basis="")]
    report = await load(sqlite_store, jsonl(tmp_path / "a.jsonl", rows))
    assert report.unknown_fields == ("note", "year")
    masked, basis = report.warnings
    assert "masked (lines 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more)" in masked
    assert "legal_basis (line 13)" in basis
    result = await shown(sqlite_store)
    assert {result[f"p{number}"]["text"] for number in range(12)} == {"Frag [e-mail]"}


async def test_import_reports_progress_of_reading_and_publication(sqlite_store: Store, tmp_path: Path) -> None:
    told: list[tuple[str, int, int | None]] = []
    path = csv_table(tmp_path / "a.csv", [project(n) for n in range(BATCH + 2)])
    await import_files(sqlite_store, [path], progress=lambda *step: told.append(step))
    total = BATCH + 2
    assert told == [("read", BATCH, None), ("read", total, None), ("publish", 0, total), ("publish", total, total)]


async def test_import_leaves_no_staged_rows(store: Store, tmp_path: Path) -> None:
    await load(store, jsonl(tmp_path / "a.jsonl", [project(n) for n in range(BATCH + 1)]))
    await load(store, jsonl(tmp_path / "b.jsonl", [*(project(n + 9999) for n in range(BATCH + 1)), {}]))
    async with store.begin() as tx:
        run = await tx.imports.start("other")
        assert await tx.imports.outdated(run) == []
        assert not await tx.imports.sweep(1)
