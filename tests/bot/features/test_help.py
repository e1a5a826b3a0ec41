"""Welcome, help, language, unknown commands."""

from __future__ import annotations

import pytest

from bot.commands import editing, editors
from bot.commands.general import Unknown
from bot.commands.router import route
from bot.features.help import meant_by
from tests.fakes import Person
from tests.wording import says


@pytest.mark.parametrize(("text", "word"), [("!hilfe", "!frage"), ("!help", "!ask"), ("!pomoc", "!pytanie")])
async def test_help_shows_only_existing_commands_in_three_languages(anna: Person, text: str, word: str) -> None:
    help_text = await anna.says(text)
    assert word in help_text
    commands = [part.strip(".,;:()") for part in help_text.split() if part.startswith("!")]
    assert len(commands) >= 6
    assert not [command for command in commands if isinstance(route(command, private=True).intent, Unknown)]


async def test_help_shows_editor_commands_only_to_editors(anna: Person, erika: Person) -> None:
    anybody, editor = await anna.says("!help"), await erika.says("!help")
    for command in (*editors.COMMANDS, *editing.COMMANDS):
        assert command.typed("", "en") not in anybody
        assert command.typed("", "en") in editor


async def test_welcome_says_what_the_bot_knows_and_how_long_it_stores_questions(anna: Person) -> None:
    text = await anna.says("!start")
    assert "113 Projekte" in text or "Projekte" in text
    assert says("start", text)


@pytest.mark.parametrize(
    ("choice", "answer"), [("1", "Deutsch"), ("2", "English"), ("3", "polsku"), ("4", "Sprache Ihrer Frage")]
)
async def test_user_chooses_the_language_by_number(anna: Person, choice: str, answer: str) -> None:
    assert "1. Deutsch" in await anna.says("!sprache")
    assert answer in await anna.says(choice)


async def test_unknown_command_is_quoted_as_typed_and_help_is_offered(anna: Person) -> None:
    assert "<b>foo</b>" in await anna.says("!<b>foo</b>")
    assert says("unknown_command", anna.hears())


@pytest.mark.parametrize(
    ("typed", "language", "meant"),
    [
        ("hlife", "de", "hilfe"), ("hlife", "en", "hilfe"), ("hepl", "de", "help"), ("pomco", "pl", "pomoc"),
        ("Loschen", "de", "loeschen"), ("weitergebn", "de", "weitergeben"), ("aboo", "de", "abo"),
        ("foo", "de", ""), ("x", "de", ""), ("", "de", ""), ("kommunalverwaltung", "de", ""),
    ],
)  # fmt: skip
def test_mistyped_command_is_recognised_in_the_language_of_its_word(typed: str, language: str, meant: str) -> None:
    assert meant_by(typed, language) == meant


async def test_mistyped_command_gets_a_suggestion_but_never_one_that_the_user_may_not_use(
    anna: Person, erika: Person
) -> None:
    assert "!hilfe" in await anna.says("!hlife")
    assert says("unknown_command.meant", anna.hears())
    assert says("unknown_command", await anna.says("!bearbeitn"))
    assert says("unknown_command.meant", await erika.says("!bearbeitn"))
