"""Texts that every database takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.messages.storable import storable, storable_in


@given(st.text(st.characters()))
def test_every_text_becomes_storable_with_the_same_length(text: str) -> None:
    stored = storable(text)
    assert "\0" not in stored
    assert stored == stored.encode().decode()
    assert len(stored) == len(text)


def test_texts_are_storable_wherever_they_stand() -> None:
    assert storable_in({"a": ["\ud800", {"b": "x\0"}], "c": 5, "d": None}) == {
        "a": ["?", {"b": "x?"}],
        "c": 5,
        "d": None,
    }
