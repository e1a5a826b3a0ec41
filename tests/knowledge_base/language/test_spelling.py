"""The search corrects mistyped words."""

from __future__ import annotations

import pytest

from knowledge_base.language.spelling import Spelling

KNOWN = Spelling.of(["mobilitat", "katastrophenschutz", "energie", "klima", "schul", "verwaltung", "2019er"])


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("mobiltat", "mobilitat"),
        ("moblitiat", "mobilitat"),
        ("katastrofenschutz", "katastrophenschutz"),
        ("enregie", "energie"),
        ("shcul", "schul"),
    ],
)
def test_mistyped_word_is_read_as_the_nearest_known_word(typed: str, meant: str) -> None:
    assert KNOWN.nearest(typed) == meant


@pytest.mark.parametrize("typed", ["klim", "fahrrad", "energie", "verfassung", ""])
def test_short_known_and_distant_words_are_not_corrected(typed: str) -> None:
    assert KNOWN.nearest(typed) == ""
