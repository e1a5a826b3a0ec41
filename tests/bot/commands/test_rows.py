"""The stored text of an intent, and the text that users type for it, give the same intent again."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bot.commands
from bot.commands import COMMANDS, NAMES, PERMISSIONS, WORDS, parse, to_text, typed
from bot.commands.account import Verify
from bot.commands.command import Intent
from bot.commands.general import Unknown
from bot.commands.introductions import Introduce, IntroduceStep, Respond
from bot.commands.router import route
from bot.commands.search import Show
from tests.bot.commands.examples import ALL, intents


@pytest.mark.parametrize("intent", ALL, ids=lambda intent: intent.__name__)
@given(data=st.data())
def test_stored_text_of_an_intent_is_parsed_to_the_same_intent(intent: type[Intent], data: st.DataObject) -> None:
    value = data.draw(ALL[intent])
    assert parse(to_text(value)) == value


@given(intents, st.sampled_from(["de", "en", "pl"]))
def test_typed_text_of_an_intent_gives_the_same_intent_in_every_language(intent: Intent, language: str) -> None:
    if isinstance(intent, Verify) and intent.text.endswith("yes"):  # every language has its own yes
        return
    text = typed(intent, language)
    if text[1:].split(maxsplit=1)[0] in WORDS:
        assert route(text, private=True).intent == intent


def test_every_intent_has_a_row_and_an_example() -> None:
    subjects = [import_module(f"bot.commands.{module.name}") for module in iter_modules(bot.commands.__path__)]
    named = {value for subject in subjects for value in vars(subject).values() if isinstance(value, type)}
    assert set(ALL) == set(PERMISSIONS) == {one for one in named if issubclass(one, Intent)} - {Intent}


def test_all_commands_of_an_intent_have_the_same_audience() -> None:
    for command in COMMANDS:
        assert {PERMISSIONS[intent] for intent in command.intents} == {command.permission}


def test_name_of_a_command_is_not_a_word_of_another_command() -> None:
    assert len(NAMES) == len(COMMANDS)
    assert [name for name, command in NAMES.items() if WORDS.get(name, (command, None))[0] is not command] == []


def test_intent_without_a_command_row_cannot_be_stored() -> None:
    class New(Intent):
        pass

    with pytest.raises(ValueError, match="New"):
        to_text(New())


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("show =12", Show("project:12")),
        ("intro =bb-cottbus", Introduce("project:bb-cottbus")),
        ("intro withdraw K7P2M", IntroduceStep("cancel", "K7P2M")),
        ("nottopic K7P2M", Respond("not_my_topic", "K7P2M")),
        ("never K7P2M", Respond("never_again", "K7P2M")),
        ("kontakt 3", Introduce(number=3)),
        ("gone with a version", Unknown("gone")),
        ("", Unknown("")),
    ],
)
def test_command_stored_by_an_older_version_is_still_read(text: str, intent: Intent) -> None:
    assert parse(text) == intent
