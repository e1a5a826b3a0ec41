"""All formats give the same records."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.codec import to_body
from knowledge_base.ingest.row import Row
from knowledge_base.ingest.validation import ValidRecord, validate
from tests.knowledge_base.ingest.examples import WRITERS, Values, project, read, refusal

# What every format can hold; XLSX cells have no characters below U+0020 but line ends, YAML none of these either.
characters = st.characters(
    exclude_categories=("Cs", "Cc", "Cn", "Co", "Zl", "Zp"), exclude_characters="\ufeff\ufffe\uffff"
)
line = st.text(characters, min_size=1, max_size=30).filter(lambda text: text.strip())
entry = line.filter(lambda text: "|" not in text and ";" not in text)
records = st.lists(
    st.fixed_dictionaries(
        {"id": st.text("abcäł-0123456789", min_size=1, max_size=10), "title": line, "text": line},
        optional={
            "topics": st.lists(entry, min_size=1, max_size=3),
            "municipality": line,
            "lang": st.sampled_from(["de", "en", "pl"]),
            "url": st.sampled_from(["https://stadt.example/a?b=c;d", "http://gmina.example"]),
            "notiz": line,
        },
    ),
    min_size=1,
    max_size=5,
)


def bodies(path: Path) -> list[Values]:
    seen = []
    for row in read(path):
        assert isinstance(row, Row), row
        checked = validate(row)
        assert isinstance(checked, ValidRecord), checked
        seen.append(to_body(checked.record))
    return seen


@given(records)
def test_every_format_gives_the_same_records(tmp_path_factory: pytest.TempPathFactory, written: list[Values]) -> None:
    folder = tmp_path_factory.mktemp("formats")
    expected = bodies(WRITERS[".jsonl"](folder / "a.jsonl", written))
    assert len(expected) == len(written)
    for suffix, write in WRITERS.items():
        assert bodies(write(folder / f"a{suffix}", written)) == expected, suffix


@pytest.mark.parametrize("suffix", [*WRITERS, ".yml", ".tsv"])
def test_empty_file_is_refused_in_every_format(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").touch()
    assert refusal(tmp_path / f"a{suffix}").reason == "The file is empty."


@pytest.mark.parametrize("name", ["a.pdf", "a.xls", "a.jsonl.gz", "a", ".jsonl"])
def test_file_with_an_unknown_ending_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    error = refusal(tmp_path / name)
    assert "names no known format" in error.reason
    assert ".jsonl" in error.remedy


@pytest.mark.parametrize("suffix", WRITERS)
def test_file_ending_is_recognised_in_upper_case(tmp_path: Path, suffix: str) -> None:
    assert len(bodies(WRITERS[suffix](tmp_path / f"A{suffix.upper()}", [project()]))) == 1
