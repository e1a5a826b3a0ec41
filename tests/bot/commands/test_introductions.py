"""Commands of introductions, in three languages."""

from __future__ import annotations

import pytest

from bot.commands.command import Intent
from bot.commands.introductions import Introduce, IntroduceStatus, IntroduceStep, Respond, SayHelped, kinds_of
from bot.commands.router import route


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("!kontakt 2", Introduce(number=2)),
        ("!intro =bb-cottbus", Introduce("project:bb-cottbus")),
        ("/kontakt bb-cottbus", Introduce("project:bb-cottbus")),
        ("!kontakt", IntroduceStatus()),
        ("!kontakt status", IntroduceStatus()),
        ("!kontakt ja k7p2m mail telefon", IntroduceStep("yes", "K7P2M", "mail telefon")),
        ("!intro editors K7P2M", IntroduceStep("editors", "K7P2M")),
        ("!kontakt zurück K7P2M", IntroduceStep("cancel", "K7P2M")),
        ("!intro withdraw K7P2M", IntroduceStep("cancel", "K7P2M")),
        ("!kontakt frage K7P2M Wie geht das?", IntroduceStep("question", "K7P2M", "Wie geht das?")),
        ("!ja K7P2M", Respond("yes", "K7P2M")),
        ("!accept K7P2M email", Respond("yes", "K7P2M", "email")),
        ("!nie K7P2M", Respond("no", "K7P2M")),
        ("!vertretung K7P2M", Respond("deputy", "K7P2M")),
        ("!nicht-mein-thema K7P2M", Respond("not_my_topic", "K7P2M")),
        ("!nigdy-więcej K7P2M", Respond("never_again", "K7P2M")),
        ("!ja", IntroduceStatus()),
        ("!geholfen dran K7P2M", SayHelped("talking", "K7P2M")),
        ("!helped", IntroduceStatus()),
    ],
)
def test_introduction_command_becomes_its_intent(text: str, intent: Intent) -> None:
    assert route(text, private=True).intent == intent


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("mail, Telefon", ("email", "phone")),
        ("alles", ("all",)),
        ("irgendwas", ()),
        ("= 0331 / 12", ("= 0331 / 12",)),
        ("", ()),
    ],
)
def test_words_of_a_user_become_kinds_of_contact_data(words: str, kinds: tuple[str, ...]) -> None:
    assert kinds_of(words, {"mail": "email"}) == kinds
