"""The names that mistyped words mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from knowledge_base.places.typos import Corrector


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("potsdm", "potsdam"),
        ("postdam", "potsdam"),
        ("pottsdam", "potsdam"),
        ("brandenbg", "brandenburg"),
        ("branndenburk", "brandenburg"),
        ("otsdam", None),
        ("potsadmm", None),
        ("ulm", None),
        ("pots", None),
        ("xxxxxxx", None),
        ("", None),
    ],
)
def test_mistyped_name_is_corrected_to_the_nearest_name(word: str, name: str | None) -> None:
    assert Corrector(["potsdam", "brandenburg", "ulm", "guben"]).correct(word) == name


NAMES = st.text("abcdéß", min_size=4, max_size=11)


@given(st.sets(NAMES, max_size=12), NAMES)
def test_corrector_finds_the_same_name_as_a_full_comparison(names: set[str], word: str) -> None:
    near = []
    for name in names:
        edits = OSA.distance(word, name)
        if len(name) >= 5 and name[0] == word[0] and edits <= (2 if len(word) >= 8 and len(name) > 8 else 1):
            near.append((edits, name))
    near.sort()
    clear = len(word) >= 5 and near and (len(near) == 1 or near[0][0] < near[1][0])
    assert Corrector(names).correct(word) == (near[0][1] if clear else None)


def test_word_equally_near_to_two_names_is_not_corrected() -> None:
    assert Corrector(["linden", "lindau"]).correct("lindxn") == "linden"
    assert Corrector(["marburg", "warburg", "mayburg"]).correct("mazburg") is None
