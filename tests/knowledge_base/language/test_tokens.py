"""Words, stems and 4-grams."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.language import tokens

ANY_TEXT = st.text(st.characters(), max_size=300)  # lone surrogates too


@given(ANY_TEXT, st.sampled_from(("de", "en", "pl", "fr", "")))
def test_any_text_gives_words_that_can_be_stemmed_and_cut(text: str, language: str) -> None:
    result = tokens.content_words(text, language)
    assert all(0 < len(word) <= tokens.MAX_WORD for word in result)
    assert len(tokens.stem_all(result, language)) == len(result)
    assert all(gram for word in result for gram in tokens.grams(word))


@given(ANY_TEXT)
def test_letter_case_does_not_change_the_words(text: str) -> None:
    assert tokens.words(text) == tokens.words(text.casefold())


@pytest.mark.parametrize("spelling", ["München", "Muenchen", "MÜNCHEN", "Munchen", "Mu\u0308nchen"])
def test_every_spelling_of_an_umlaut_has_the_same_stem(spelling: str) -> None:
    assert tokens.stem(tokens.words(spelling)[0], "de") == "munch"


@pytest.mark.parametrize("word", ["bauen", "neue", "quelle", "steuer"])
def test_ue_that_is_not_an_umlaut_stays_unchanged(word: str) -> None:
    assert tokens.fold(word) == word


def test_sharp_s_and_polish_letters_are_folded() -> None:
    assert tokens.words("Straße") == tokens.words("STRASSE")
    assert tokens.fold("łódź") == "lodz"


@pytest.mark.parametrize(
    ("text", "language", "left"),
    [
        ("Wer hat mit dem Rad zu tun?", "de", ["rad", "tun"]),
        ("Who did mobility projects?", "en", ["mobility", "projects"]),
        ("Kto zajmuje się mobilnością?", "pl", ["zajmuje", "mobilnością"]),
    ],
)
def test_stop_words_of_each_language_are_removed(text: str, language: str, left: list[str]) -> None:
    assert tokens.content_words(text, language) == left


def test_inflected_words_share_a_stem_in_each_language() -> None:
    assert tokens.stem("wohnungen", "de") == tokens.stem("wohnung", "de")
    assert tokens.stem("permits", "en") == tokens.stem("permit", "en")
    assert tokens.stem("mieszkania", "pl") == tokens.stem("mieszkanie", "pl")


@pytest.mark.parametrize(
    ("language", "question"),
    [("de", "Wer hat was gemacht? Wer macht was?"), ("en", "Who did what?"), ("pl", "Kto co robił? Kto to zrobił?")],
)
def test_words_that_ask_who_did_something_are_no_content(language: str, question: str) -> None:
    """Else an answer that does not hold them would be taken for uncertain."""
    assert tokens.content_words(question, language) == []
