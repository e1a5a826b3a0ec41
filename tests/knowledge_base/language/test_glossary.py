"""The glossary translates English and Polish words into German."""

from __future__ import annotations

from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.language.glossary import Glossary, glossary


def of(language: str) -> Glossary:
    result = glossary(language)
    assert result is not None
    return result


@pytest.mark.parametrize(
    ("language", "text", "german"),
    [
        ("en", "work permits", "Arbeitserlaubnis"),
        ("en", "residence permit", "Aufenthaltserlaubnis"),
        ("en", "flooding", "Hochwasser"),
        ("pl", "ochrony ludności", "Katastrophenschutz"),
        ("pl", "ścieżki rowerowe", "Radverkehr"),
        ("pl", "powodzi", "Hochwasser"),
    ],
)
def test_glossary_finds_inflected_words_and_phrases(language: str, text: str, german: str) -> None:
    assert german in of(language).meanings(text)[0].german


def test_phrase_with_a_single_letter_does_not_widen_the_word_behind_it() -> None:
    """Words have two letters at least, so "e-mobility" would be one with "mobility"."""
    assert "Elektromobilität" not in of("en").meanings("mobility")[0].german
    assert "Onlinedienst" not in of("pl").meanings("usługa")[0].german


def test_glossary_prefers_the_longest_phrase_and_keeps_unknown_words() -> None:
    meanings = of("en").meanings("Where is the driving licence office in Potsdam-Xyz?")
    assert ("driving", "licence") in [meaning.words for meaning in meanings]
    assert ("xyz",) in [meaning.words for meaning in meanings if not meaning.german]
    assert "the" not in [word for meaning in meanings if not meaning.german for word in meaning.words]


def test_german_and_unknown_languages_have_no_glossary() -> None:
    assert glossary("de") is None
    assert glossary("fr") is None


@given(st.text(st.characters(), max_size=200), st.sampled_from(("en", "pl")))
def test_glossary_accepts_any_text(text: str, language: str) -> None:
    assert all(meaning.words for meaning in of(language).meanings(text))


def test_glossary_file_has_three_columns_and_no_duplicates() -> None:
    rows = files("knowledge_base.language").joinpath("glossary.tsv").read_text("utf-8").splitlines()
    cells = [row.split("\t") for row in rows]
    assert cells[0] == ["de", "en", "pl"]
    assert {len(row) for row in cells} == {3}
    assert len({row[0] for row in cells}) == len(cells) > 1_200
    assert all(row[0] and row[1] for row in cells)
    assert sum(bool(row[2]) for row in cells) > 0.95 * len(cells)
    assert not any(cell != cell.strip() or "||" in cell for row in cells for cell in row)
