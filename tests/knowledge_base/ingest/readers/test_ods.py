from __future__ import annotations

import zipfile
from contextlib import suppress
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.ingest.row import Row, RowError, UnreadableError
from tests.knowledge_base.ingest.examples import read, refusal, values

HEAD = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
)
NAMES = "".join(f"<table:table-cell><text:p>{name}</text:p></table:table-cell>" for name in ("Titel", "Beschreibung"))


def ods(path: Path, rows: str, head: str = "") -> Path:
    sheet = f'<table:table table:name="A"><table:table-row>{NAMES}</table:table-row>{rows}</table:table>'
    with zipfile.ZipFile(path, "w") as archive:
        end = "</office:spreadsheet></office:body></office:document-content>"
        archive.writestr("content.xml", f"{head}{HEAD}{sheet}{end}")
    return path


def test_ods_rows_are_records(tmp_path: Path) -> None:
    cells = "".join(f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in ("Rufbus", "Er fährt."))
    path = ods(tmp_path / "a.ods", f"<table:table-row>{cells}</table:table-row>")
    assert values(path) == [{"title": "Rufbus", "text": "Er fährt."}]


def test_ods_with_entities_is_refused(tmp_path: Path) -> None:
    path = ods(tmp_path / "a.ods", "&a;", '<!DOCTYPE x [<!ENTITY a "ha">]>')
    assert "entities" in refusal(path).reason


def test_millions_of_repeated_empty_rows_are_no_records(tmp_path: Path) -> None:
    row = '<table:table-row table:number-rows-repeated="99999999"><table:table-cell/></table:table-row>'
    assert read(ods(tmp_path / "a.ods", row * 3)) == []


@given(st.binary(max_size=300))
def test_broken_ods_is_refused_in_words(tmp_path_factory: object, content: bytes) -> None:
    path = tmp_path_factory.mktemp("ods") / "a.ods"  # type: ignore[attr-defined]
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", content)
    with suppress(UnreadableError):
        assert all(isinstance(row, Row | RowError) for row in read(path))
