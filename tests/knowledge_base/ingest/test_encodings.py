from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.ingest.encodings import encoding_of, of_bytes
from tests.knowledge_base.ingest.examples import values

GERMAN = "Titel;Beschreibung\nGrünflächen;Straßenbäume für die größere Fläche – 200 m² kühl\n"
POLISH = "Tytuł;Opis\nŚcieżki rowerowe;Gmina łączy sołectwa ścieżkami, żeby było bliżej\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [(GERMAN, "cp1252"), (POLISH, "cp1250"), (GERMAN, "utf-16"), (POLISH, "utf-16-le"), (POLISH, "utf-8")],
)
def test_table_is_read_in_the_encoding_of_spreadsheets(tmp_path: Path, text: str, encoding: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode(encoding))
    (row,) = values(path)
    title, words = text.splitlines()[1].split(";")
    assert row == {"title": title, "text": words}


def test_utf_8_with_one_wrong_byte_is_no_other_encoding(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(GERMAN.encode() + b"\xff")
    assert encoding_of(path) == ""


@given(st.lists(st.sampled_from("ąćęłńóśźż"), min_size=3, max_size=20))
def test_polish_letters_are_told_from_german_ones(letters: list[str]) -> None:
    text = "x".join(["ł", *letters, "ś"])
    assert of_bytes(text.encode("cp1250")) == "cp1250"
