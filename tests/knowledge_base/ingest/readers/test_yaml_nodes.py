from __future__ import annotations

from pathlib import Path

import pytest

from knowledge_base.ingest.limits import MAX_RECORD
from knowledge_base.ingest.row import Row, RowError
from tests.knowledge_base.ingest.examples import read, refusal, values


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_yaml_reader_gives_the_line_of_each_record(tmp_path: Path) -> None:
    path = written(tmp_path / "a.yaml", "# Projekte\n- id: p1\n  topics: [a, b]\n\n- id: p2\n  x: {y: z}\n")
    assert read(path) == [
        Row(str(path), 2, {"id": "p1", "topics": ["a", "b"]}),
        Row(str(path), 5, {"id": "p2", "x": {"y": "z"}}),
    ]


def test_yaml_reader_reads_one_record_from_each_document(tmp_path: Path) -> None:
    assert values(written(tmp_path / "a.yml", "---\nid: p1\n---\nid: p2\n...\n")) == [{"id": "p1"}, {"id": "p2"}]


def test_yaml_words_numbers_and_dates_stay_text(tmp_path: Path) -> None:
    text = "- lang: no\n  id: 007\n  on: yes\n  start: 2026-11-24\n  size: 1_000\n  a:\n  b: ~\n  c: ''\n  d: '~'\n"
    assert values(written(tmp_path / "a.yaml", text)) == [
        {
            "lang": "no", "id": "007", "on": "yes", "start": "2026-11-24", "size": "1_000",
            "a": None, "b": None, "c": "", "d": "~",
        }
    ]  # fmt: skip


def test_list_entry_that_is_not_a_mapping_is_one_error(tmp_path: Path) -> None:
    result = read(written(tmp_path / "a.yaml", "- id: p1\n- text\n- [id]\n- id: p2\n"))
    assert [type(row) for row in result] == [Row, RowError, RowError, Row]


LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (LAUGHS, 2, "Aliases (*a)"),
        ("- &x\n  id: p1\n  self: *x\n", 3, "Aliases (*x)"),
        ("&x [*x]", 1, "Aliases (*x)"),
        ("- id: p1\n- *y\n", 2, "Aliases (*y)"),
        ("- <<: *base\n", 1, "Aliases"),
        ("- id: !!python/object/apply:os.system ['true']\n", 1, "tag"),
        ("!!python/object:object {}\n", 1, "tag"),
        ("- !mine {id: 1}\n", 1, "tag"),
        ("- id: 1\n  id: 2\n", 2, "'id' stands twice"),
        ("- ? [a]\n  : b\n", 1, "plain text"),
        ("- id: p1\n\ttitle: x\n", 2, "not YAML"),
        ("- id: p1\n  title: 'x\n", 0, "not YAML"),
        ("- id: {a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}}\n", 1, "nested deeper"),
        ("[" * 10_000, 1, "nested"),
        ("- x: " + "[" * 10_000, 1, "nested deeper"),
        ("- " * 10_000, 1, "nested deeper"),
    ],
)
def test_hostile_and_broken_yaml_is_refused(tmp_path: Path, text: str, line: int, reason: str) -> None:
    error = refusal(written(tmp_path / "a.yaml", text))
    assert reason in error.reason, error
    assert error.line == line or not line


@pytest.mark.parametrize("text", ["- x: " + "y" * (MAX_RECORD + 1), "- x: [" + "a," * MAX_RECORD + "]"])
def test_too_long_yaml_record_is_refused(tmp_path: Path, text: str) -> None:
    assert "longer than" in refusal(written(tmp_path / "a.yaml", text)).reason


def test_yaml_with_a_control_character_is_refused(tmp_path: Path) -> None:
    assert "not YAML" in refusal(written(tmp_path / "a.yaml", "- id: a\x07\n")).reason
