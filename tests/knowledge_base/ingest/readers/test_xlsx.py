from __future__ import annotations

import base64
import datetime as dt
import random
import zipfile
from pathlib import Path

import openpyxl
import pytest

from knowledge_base.ingest import limits
from knowledge_base.ingest.row import Row, RowError
from tests.knowledge_base.ingest.examples import project, read, refusal, values, xlsx

SHEET = "xl/worksheets/sheet1.xml"


def rewritten(path: Path, part: str, content: str) -> Path:
    """The workbook with different content in a part."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        assert part in parts
        for name, old in parts.items():
            archive.writestr(name, content if name == part else old)
    return path


def sheet_xml(rows: str, head: str = "") -> str:
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    return f'<?xml version="1.0"?>{head}<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return xlsx(tmp_path / "a.xlsx", [project(1), project(2)])


def test_xlsx_reader_gives_the_row_number_of_each_record(book: Path) -> None:
    assert read(book) == [Row(str(book), 2, project(1)), Row(str(book), 3, project(2))]


def test_xlsx_reader_converts_numbers_dates_and_booleans(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["id", "whole", "decimal", "day", "moment", "yes", None],
        [12054000, 5.0, 2.5, dt.datetime(2026, 11, 24), dt.datetime(2026, 11, 24, 9, 30), True, None],  # noqa: DTZ001
    ):
        book.worksheets[0].append(row)
    book.save(tmp_path / "a.xlsx")
    (row,) = values(tmp_path / "a.xlsx")
    assert row == {
        "id": 12054000, "whole": 5, "decimal": 2.5, "day": "2026-11-24", "moment": "2026-11-24T09:30:00", "yes": True,
    }  # fmt: skip


def test_every_sheet_is_read_and_its_name_is_reported(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["id", "title"])
    book.worksheets[0].append(["p1", "x"])
    book.create_sheet("Leer")
    contacts = book.create_sheet("Kontakte")
    for row in ([], ["record", "id"], ["contact", "c1"]):
        contacts.append(row)
    book.save(tmp_path / "a.xlsx")
    first, second = read(tmp_path / "a.xlsx")
    assert (first.file.endswith("a.xlsx [Sheet]"), first.line) == (True, 2)
    assert (second.file.endswith("a.xlsx [Kontakte]"), second.line) == (True, 3)


def test_formulas_and_error_values_are_refused_with_their_cell_name(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["id", "title"], ["p1", "=A1&A2"], ["p2", "#REF!"], ["p3", "x"]):
        book.worksheets[0].append(row)
    book.save(tmp_path / "a.xlsx")
    formula, broken, good = read(tmp_path / "a.xlsx")
    assert isinstance(formula, RowError)
    assert (formula.line, formula.field, formula.reason) == (2, "title", "The cell B2 holds a formula.")
    assert isinstance(broken, RowError)
    assert broken.reason == "The cell B3 holds an error value."
    assert isinstance(good, Row)


def test_formula_in_the_header_row_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["id", "=A1"])
    book.save(tmp_path / "a.xlsx")
    (error,) = read(tmp_path / "a.xlsx")
    assert isinstance(error, RowError)
    assert "B1" in error.reason


def test_sheet_with_xml_entities_is_refused(book: Path) -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;">]>'
    row = '<row r="1"><c r="A1" t="inlineStr"><is><t>&c;</t></is></c></row>'
    assert "entities" in refusal(rewritten(book, SHEET, sheet_xml(row, laughs))).reason


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml", SHEET])
def test_external_entities_are_refused_in_every_part(book: Path, part: str) -> None:
    attack = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    assert "entities" in refusal(rewritten(book, part, attack)).reason


def test_zip_bomb_is_refused_by_its_compression_ratio(book: Path) -> None:
    reason = refusal(rewritten(book, SHEET, sheet_xml(" " * 100_000_000))).reason
    assert f"more than {limits.MAX_ZIP_RATIO} times" in reason


def test_workbook_with_too_many_or_too_large_parts_is_refused(tmp_path: Path) -> None:
    many = tmp_path / "many.xlsx"
    with zipfile.ZipFile(many, "w") as archive:
        for number in range(limits.MAX_ZIP_ENTRIES + 1):
            archive.writestr(str(number), "")
    assert "parts" in refusal(many).reason
    large = tmp_path / "large.xlsx"
    with zipfile.ZipFile(large, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(5):
            archive.writestr(str(number), b"0" * 60_000_000)
    assert "unpacks to more than 256 MiB" in refusal(large).reason


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="99999999999"><c r="A99999999999"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="s"><v>999</v></c></row>',
        '<row r="1"><c r="ZZZZZ1"><v>1</v></c></row>',
        '<row r="x"><c r="A1"><v>1</v></c></row>',
        '<row r="1"><c r="A1" t="n"><v>one</v></c></row>',
        "<row",
    ],
)
def test_damaged_sheets_are_refused(book: Path, rows: str) -> None:
    assert refusal(rewritten(book, SHEET, sheet_xml(rows))).reason


def test_row_with_more_than_200_cells_is_refused(book: Path) -> None:
    rows = '<row r="1"><c r="A1" t="str"><v>id</v></c><c r="XFD1"><v>1</v></c></row>'
    assert "more than 200 cells" in refusal(rewritten(book, SHEET, sheet_xml(rows))).reason


def test_cell_of_ten_megabytes_is_one_error(tmp_path: Path) -> None:
    text = base64.b64encode(random.Random(1).randbytes(7_500_000)).decode()  # does not compress to nothing
    rows = (
        '<row r="1"><c r="A1" t="str"><v>id</v></c></row>'
        f'<row r="2"><c r="A2" t="inlineStr"><is><t>{text}</t></is></c></row>'
    )
    (error,) = read(rewritten(xlsx(tmp_path / "a.xlsx", [{"id": "p1"}]), SHEET, sheet_xml(rows)))
    assert isinstance(error, RowError)
    assert error.reason == f"The cell A2 is longer than {limits.MAX_CELL} characters."


@pytest.mark.parametrize("content", [b"id,title\n", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, b"PK\x03\x04"])
def test_file_that_is_not_a_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    error = refusal(tmp_path / "a.xlsx")
    assert (error.reason, "xls" in error.remedy) == ("This is not an XLSX workbook.", True)


def test_zip_that_is_not_a_workbook_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("readme.txt", "no workbook")
    assert "damaged" in refusal(tmp_path / "a.xlsx").reason
