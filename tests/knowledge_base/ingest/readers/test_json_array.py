from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.ingest.limits import MAX_RECORD
from knowledge_base.ingest.readers.json_array import rows
from knowledge_base.ingest.row import Row, RowError
from tests.knowledge_base.ingest.examples import read, refusal, values


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_json_reader_gives_the_line_of_each_record(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", '[\n {"id": "1",\n  "t": "x"},\n\n {"id": "2"}\n]\n')
    assert read(path) == [Row(str(path), 2, {"id": "1", "t": "x"}), Row(str(path), 5, {"id": "2"})]


@pytest.mark.parametrize("text", ['{"records": [{"id": 1}]}', '{"v": {"a": [1]}, "records": [{"id": 1}], "n": null}'])
def test_json_reader_accepts_an_object_with_a_records_field(tmp_path: Path, text: str) -> None:
    assert values(written(tmp_path / "a.json", text)) == [{"id": 1}]


@pytest.mark.parametrize("text", ["[]", " [ ] \n", '{"records": []}'])
def test_empty_array_has_no_records(tmp_path: Path, text: str) -> None:
    assert read(written(tmp_path / "a.json", text)) == []


def test_array_element_that_is_not_an_object_is_one_error(tmp_path: Path) -> None:
    result = read(written(tmp_path / "a.json", '[{"id": 1},\n 7,\n {"id": 2}]'))
    assert [type(row) for row in result] == [Row, RowError, Row]
    assert [row.line for row in result] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("7", 1, "neither [ nor {"),
        ('[\n{"id": 1}\n{"id": 2}]', 3, ", is missing"),
        ('[{"id": 1},\n]', 2, "A comma"),
        ('[{"id": 1}', 1, ", is missing"),
        ('[{"id":\n tru}]', 2, "not JSON"),
        ('[{"id": 1}]\n[]', 2, "More stands behind"),
        ('{"id": 1}', 1, "no field records"),
        ('{"records": 1}', 1, "must be an array"),
        ('{"records": [], "records": []}', 1, "must be one field records"),
        ('{"records": [],}', 1, "A comma"),
        ("{", 1, "not JSON"),
        ("[" * 10_000, 1, "nested deeper"),
        ('[{"id": Infinity}]', 1, "Infinity"),
        ("[{}, {'id': 1}]", 1, "not JSON"),
    ],
)
def test_error_for_broken_json_names_its_line(tmp_path: Path, text: str, line: int, reason: str) -> None:
    error = refusal(written(tmp_path / "a.json", text))
    assert (error.line, reason in error.reason) == (line, True), error


def test_json_reader_reads_records_longer_than_a_chunk(tmp_path: Path) -> None:
    records = [{"id": n, "text": "ä\n" * 150_000} for n in range(12)]
    path = written(tmp_path / "a.json", json.dumps(records, indent=1, ensure_ascii=False))
    result = list(rows(path))
    assert [row.values for row in result if isinstance(row, Row)] == records
    assert [row.line for row in result] == [2 + 4 * n for n in range(12)]


@pytest.mark.parametrize("closed", ['"}]', ""])
def test_too_long_json_record_is_refused(tmp_path: Path, closed: str) -> None:
    error = refusal(written(tmp_path / "a.json", '[{"id": "' + "x" * 5 * MAX_RECORD + closed))
    assert "not JSON" in error.reason or "longer" in error.reason


def test_json_record_just_over_the_limit_is_refused(tmp_path: Path) -> None:
    assert "longer than" in refusal(written(tmp_path / "a.json", '[{"id": "' + "x" * MAX_RECORD + '"}]')).reason


def test_json_reader_skips_long_gaps_between_records(tmp_path: Path) -> None:
    gap = "\n" * (3 * MAX_RECORD)
    result = read(written(tmp_path / "a.json", f'[{gap}{{"id": 1}}{gap}]{gap}'))
    assert [row.line for row in result] == [3 * MAX_RECORD + 1]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abcäłß", max_size=5), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@given(st.lists(st.dictionaries(st.text("abcd", max_size=3), json_values, max_size=4)), st.sampled_from([None, 0, 2]))
def test_json_reader_reads_back_any_written_records(
    tmp_path_factory: pytest.TempPathFactory, records: list[object], indent: int | None
) -> None:
    path = tmp_path_factory.mktemp("json") / "a.json"
    path.write_text(json.dumps({"x": 1, "records": records}, indent=indent, ensure_ascii=False), encoding="utf-8")
    assert values(path) == records
