"""The commands below a message."""

from __future__ import annotations

import pytest

from bot.messages import ShownChoice
from bot.messages.hints import hints


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ([], ""),
        (["!mehr"], "!mehr"),
        (["!mehr", "!kontakt 1", "!kontakt 3", "!hilfreich"], "!mehr · !kontakt 1/3 · !hilfreich"),
        (["!kontakt =a-1", "!kontakt =a-2"], "!kontakt =a-1 · !kontakt =a-2"),
    ],
)
def test_commands_that_differ_by_a_number_share_one_hint(typed: list[str], shown: str) -> None:
    assert hints([ShownChoice("label", "command", words) for words in typed], "") == shown


def test_command_whose_word_does_not_say_what_it_does_is_explained() -> None:
    choice = ShownChoice("Frage weitergeben", "pass-on", "!weitergeben")
    assert hints([ShownChoice("label", "more", "!mehr"), choice], "") == "!mehr · !weitergeben – Frage weitergeben"


def test_numbered_choices_stand_in_the_message() -> None:
    assert hints([ShownChoice("label", "command", "!zeige 1", number=1)], "") == ""


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Zum Bestätigen: !loeschen ja", ""),
        ("!loeschen", "!loeschen ja"),
    ],
)
def test_command_that_the_text_names_is_not_repeated(said: str, shown: str) -> None:
    assert hints([ShownChoice("label", "command", "!loeschen ja")], said) == shown
