"""An editor's own sheet goes in as it is, each doubt is named, and a month later only its changes show."""

from __future__ import annotations

from pathlib import Path

from knowledge_base.ingest.compare import ChangeKind
from knowledge_base.ingest.importer import Options, import_files
from knowledge_base.ingest.report import ImportReport
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.database import Store
from tests.knowledge_base.ingest.messy_sheet import rows, write


async def load(store: Store, path: Path, source: str = "", **options: bool) -> ImportReport:
    (report,) = await import_files(store, [path], source=source, options=Options(**options))
    assert report.ok, report.errors
    return report


async def projects(store: Store) -> dict[str, Project]:
    async with store.read() as tx:
        found = [stored.record async for stored in tx.records.stream(RecordKind.PROJECT)]
    return {record.title: record for record in found if isinstance(record, Project)}


async def test_messy_sheet_goes_in_with_no_header_renamed_and_every_doubt_named(store: Store, tmp_path: Path) -> None:
    path = write(tmp_path / "projekte.xlsx", rows())
    tried = await load(store, path, "Stadt", dry_run=True)
    report = await load(store, path, "Stadt")
    assert (tried.counts, report.counts[ChangeKind.ADDED]) == (report.counts, 40)
    told = "\n".join(report.warnings)
    for doubt in (
        "found in line 4", "'Legende'", "'Hokuspokus'", "'Senftenbreg'", "Senftenberg", "'Kopfstand'",
        "contact_role: a person's name", "'siehe Rathaus'", "https:// was added",
        "'November 2026' was read as 2026-11-01",
        "text: markup", "title: markup", "text is missing", "no id", "left out",
    ):  # fmt: skip
        assert doubt in told, doubt
    assert len(report.warnings) <= 20


async def test_messy_sheet_is_understood_cell_by_cell(store: Store, tmp_path: Path) -> None:
    await load(store, write(tmp_path / "projekte.xlsx", rows()), "Stadt")
    found = await projects(store)
    assert len(found) == 40
    assert found["Rufbus Senftenberg"].topics == ("Energie", "Mobilität")
    assert found["Jugendzentrum Senftenberg"].contact_role == "Bauamt, Tel. [tel.]"
    assert found["Radweg Senftenberg"].contact_role == "Klimaschutzmanagerin"
    assert found["Hitzeschutzplan Senftenberg"].url == "https://stadt.example/hitze"
    assert found["Solardächer Senftenberg"].url == "https://www.stadt.example/solar"
    assert found["Rufbus Cottbus"].text == "Der Rufbus fährt\nam Abend."
    assert found["Wärmenetz Cottbus"].text == "Die Anlage hat 200 Plätze.\nSie ist barrierefrei."
    assert found["Stadtbäume Cottbus"].municipality == "Cottbus"
    assert found["Schulhof Lübbenau/Spreewald"].municipality == "Lübbenau/Spreewald"
    assert found["Bürgerportal Guben"].as_of == "2026-11-24"
    assert not any("N." in record.contact_role or "Nachname" in record.contact_role for record in found.values())


async def test_same_sheet_again_changes_nothing(store: Store, tmp_path: Path) -> None:
    await load(store, write(tmp_path / "projekte.xlsx", rows()), "Stadt")
    again = await load(store, write(tmp_path / "nochmal.xlsx", rows()))
    assert (again.source, again.unchanged, again.missing) == ("Stadt", 40, 0)


async def test_a_month_later_exactly_the_ten_changes_show(store: Store, tmp_path: Path) -> None:
    await load(store, write(tmp_path / "projekte.xlsx", rows()), "Stadt")
    later = rows()
    later[20][5] = "in Betrieb"
    later[21][2] = "Eine neue Beschreibung des Portals."
    later[22][9] = 99_000
    later[23][6] = "Umweltamt"
    later[24][8] = "https://stadt.example/neu"
    later[25][1] = "Radweg an der Neiße in Guben"  # the title changed, the text did not
    later[26][4] = "Energie"
    later[27][7] = "2025–2027"
    later[39] = [41, "Digitaler Zwilling", "Ein Modell der Stadt.", "Lübbenau/Spreewald", "Digitalisierung", "geplant"]
    for number, row in enumerate(later, start=1):
        row[0] = number  # a running number says nothing about the record
    report = await load(store, write(tmp_path / "projekte-2026-12.xlsx", later), remove_missing=True)
    assert report.source == "Stadt"
    assert dict(report.counts) == {ChangeKind.ADDED: 1, ChangeKind.CHANGED: 8, ChangeKind.REMOVED: 1}
    assert "Radweg an der Neiße in Guben" in await projects(store)
