from __future__ import annotations

from pathlib import Path

import pytest

from knowledge_base.ingest.limits import MAX_RECORD
from knowledge_base.ingest.row import Row, RowError
from tests.knowledge_base.ingest.examples import read, refusal


def lines(path: Path, text: str) -> list[Row | RowError]:
    path.write_text(text, encoding="utf-8")
    return read(path)


def test_empty_lines_do_not_shift_the_line_numbers_of_records(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    assert lines(path, '{"id": 1}\r\n\n  {"id": 2}  ') == [Row(str(path), 1, {"id": 1}), Row(str(path), 3, {"id": 2})]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id": }', "not JSON"),
        ("[1]", "not a JSON object"),
        ("null", "not a JSON object"),
        ('{"id": 1} {"id": 2}', "More stands behind"),
        ('{"id": 1, "id": 2}', "'id' stands twice"),
        ('{"id": NaN}', "NaN is not a JSON number"),
        ('{"id": -Infinity}', "-Infinity is not a JSON number"),
        ('{"id": ' + "9" * 5_000 + "}", "too many digits"),
        ('{"id": ' + "[" * 10_000 + "]" * 10_000 + "}", "nested deeper"),
        ('{"a":' * 10_000 + "1" + "}" * 10_000, "nested deeper"),
    ],
)
def test_jsonl_reader_reports_a_broken_line_and_goes_on(tmp_path: Path, line: str, reason: str) -> None:
    before, broken, behind = lines(tmp_path / "a.jsonl", f'{{"id": 0}}\n{line}\n{{"id": 3}}\n')
    assert isinstance(broken, RowError)
    assert (broken.line, reason in broken.reason) == (2, True)
    assert isinstance(before, Row)
    assert isinstance(behind, Row)


def test_syntax_error_names_its_column(tmp_path: Path) -> None:
    (error,) = lines(tmp_path / "a.jsonl", '{"id": 1,, }')
    assert isinstance(error, RowError)
    assert error.remedy == "See column 10."


def test_endless_line_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": 1}\n{"id": "' + "x" * 10 * MAX_RECORD)
    error = refusal(path)
    assert (error.line, "longer than" in error.reason) == (2, True)
