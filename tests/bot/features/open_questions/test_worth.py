"""The list of open questions holds what the knowledge lacks: no mistyped commands, no chatter."""

from __future__ import annotations

import pytest

from bot.features.open_questions.worth import is_mistyped, is_worth_noting
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search.understanding import understand
from knowledge_base.search.understanding.lexicon import Lexicon
from knowledge_base.vocabulary import bundled

LEXICON = Lexicon(bundled().topics, bundled().rounds)
NOTHING: Gazetteer = Gazetteer(())


@pytest.mark.parametrize("text", ["show osl-001", "bearbeiten osl-011 status", "hilfe", "kontakt 12", "zeige =7"])
def test_command_without_its_mark_is_mistyped(text: str) -> None:
    assert is_mistyped(text)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("show osl-001", "de"), ("Wie ist meine ID?", "de"), ("Was kannst du?", "de"), ("What is my id?", "en"),
        ("Jakie jest moje ID?", "pl"), ("hm", "de"),
    ],
)  # fmt: skip
def test_mistyped_command_and_chatter_are_not_noted(text: str, language: str) -> None:
    assert not is_worth_noting(understand(text, language, NOTHING, LEXICON))


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wer hat ein Parkleitsystem?", "de"), ("Hilfe bei Starkregen", "de"), ("Wer zählt Fledermäuse?", "de"),
        ("Who has experience with beavers?", "en"), ("Kto ma system parkowania?", "pl"),
        ("Kannst du mir sagen, wer Fledermäuse im Kirchturm zählt?", "de"), ("Mobilität", "de"),
    ],
)  # fmt: skip
def test_question_about_a_subject_is_noted(text: str, language: str) -> None:
    assert is_worth_noting(understand(text, language, NOTHING, LEXICON))
