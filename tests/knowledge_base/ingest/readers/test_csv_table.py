from __future__ import annotations

from pathlib import Path

import pytest

from knowledge_base.ingest.row import Row, RowError
from tests.knowledge_base.ingest.examples import read, refusal, values


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_csv_reader_accepts_common_delimiters_line_ends_and_bom(
    tmp_path: Path, delimiter: str, end: str, mark: str
) -> None:
    lines = [["ID ", "Title", "text"], ["p1", '"a, b; c"', '"say ""yes"""'], ["p2", "", "x"], []]
    path = written(tmp_path / "a.csv", mark + end.join(delimiter.join(line) for line in lines))
    assert read(path) == [
        Row(str(path), 2, {"id": "p1", "title": "a, b; c", "text": 'say "yes"'}),
        Row(str(path), 3, {"id": "p2", "text": "x"}),
    ]


def test_record_over_several_lines_has_the_number_of_its_first_line(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", 'id,text\np1,"one\ntwo\nthree"\n\np2,x\n')
    assert [(row.line, row.values["id"]) for row in read(path) if isinstance(row, Row)] == [(2, "p1"), (6, "p2")]


def test_the_delimiter_is_not_guessed_from_titles(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "id;title, short, long, longer, longest;text\np1;a;b\n")
    assert values(path) == [{"id": "p1", "title, short, long, longer, longest": "a", "text": "b"}]


def test_csv_reader_obeys_the_sep_line_of_spreadsheets(tmp_path: Path) -> None:
    assert values(written(tmp_path / "a.csv", "sep=;\r\nid;title\r\np1;x\r\n")) == [{"id": "p1", "title": "x"}]


def test_csv_formulas_stay_text(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "id,a,b,c,d\np1,=1+1,+49,-x,@y\n")
    assert values(path) == [{"id": "p1", "a": "=1+1", "b": "+49", "c": "-x", "d": "@y"}]


def test_row_with_too_many_cells_is_one_error(tmp_path: Path) -> None:
    good, bad, padded = read(written(tmp_path / "a.csv", "id,text\np1,x\np2,x,y\np3,x,,\n"))
    assert isinstance(good, Row)
    assert isinstance(bad, RowError)
    assert (bad.line, "more cells" in bad.reason) == (3, True)
    assert isinstance(padded, Row)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("id,id\n", 1, "'id' stands twice"),
        ("id,,text\n", 1, "Column 2 has no name"),
        ('id,text\np1,"open\n\n', 3, "breaks"),
        ('id,text\np1,"a"b\n', 2, "breaks"),
        ("id,text\np1," + "x" * 200_000, 2, "A cell is longer than 131072 characters."),
        ("id,text\np1," + "x" * 10_000_000, 2, "A row is longer than 1000000 characters."),
        (",".join(f"c{n}" for n in range(300)), 1, "more than 200 columns"),
    ],
)
def test_broken_table_is_refused_with_its_line(tmp_path: Path, text: str, line: int, reason: str) -> None:
    error = refusal(written(tmp_path / "a.csv", text))
    assert (error.line, reason in error.reason) == (line, True), error


@pytest.mark.parametrize("text", ["\n\n", "id,text\n"])
def test_table_without_rows_has_no_records(tmp_path: Path, text: str) -> None:
    assert read(written(tmp_path / "a.csv", text)) == []
