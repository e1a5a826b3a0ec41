"""Mistyped words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.search.spelling import Spelling, distance

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
def test_a_mistyped_word_is_read_as_the_nearest(typed: str, meant: str) -> None:
    assert KNOWN.nearest(typed)[0] == meant


@pytest.mark.parametrize("typed", ["klim", "fahrrad", "energie", "verfassung", ""])
def test_short_known_and_far_words_are_left_alone(typed: str) -> None:
    assert KNOWN.nearest(typed) == ("", 0.0)


@given(st.text("abcd", max_size=8), st.text("abcd", max_size=8))
def test_distance_is_symmetric_and_zero_only_for_equal_words(one: str, other: str) -> None:
    assert distance(one, other) == distance(other, one) <= max(len(one), len(other))
    assert (distance(one, other) == 0) == (one == other)


def test_swapped_neighbours_are_one_mistake() -> None:
    assert distance("energie", "enregie") == 1
