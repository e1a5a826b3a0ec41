"""What a user answers when the bot asks for a value."""

from __future__ import annotations

import pytest

from bot.features.dialog import says_no


@pytest.mark.parametrize(
    "text",
    [
        "nein", "Nein!", "NEIN, danke", "nein danke", "keine", "kein Telefon", "keine Nummer", "-", "–", "---",
        "weiß nicht", "Weiß ich nicht.", "keine Angabe", "k. A.", "ich habe kein Handy", "habe ich nicht", "no",
        "no phone", "None", "n/a", "I don't know", "i don’t know", "no thanks", "nie", "nie wiem", "brak",
        "nie mam telefonu", "brak numeru", "never", "bez adresu",
    ],
)  # fmt: skip
def test_refusal_is_recognised_in_three_languages(text: str) -> None:
    assert says_no(text)


@pytest.mark.parametrize(
    "text",
    ["Nora Nein-Beispiel", "0355 123456", "anna@stadt.example", "Noah", "Niemegk", "@keine_ahnung", "Nienburg"],
)
def test_value_that_only_looks_like_a_refusal_is_kept(text: str) -> None:
    assert not says_no(text)
