"""The commands as networks list them: word and description, in each language."""

from __future__ import annotations

from collections.abc import Mapping

from bot.commands import WORDS, typed
from bot.features.help import SHOWN_IN_HELP
from bot.messages import Say
from bot.texts import DEFAULT_LANGUAGE, LANGUAGES, Texts

SPOKEN_OF = " – "  # what stands between command and description in help


def listed(texts: Texts) -> Mapping[str, list[tuple[str, str]]]:
    """What help shows, per language; ``""`` is for everybody whose language we do not speak."""
    found = {language: [_entry(name, language, texts) for name in SHOWN_IN_HELP] for language in LANGUAGES}
    return {"": found[DEFAULT_LANGUAGE], **found}


def words() -> frozenset[str]:
    """Every word that is a command."""
    return frozenset(WORDS)


def _entry(name: str, language: str, texts: Texts) -> tuple[str, str]:
    description = texts.line(Say(f"help.{name}"), language).partition(SPOKEN_OF)[2]
    return typed(name, language).removeprefix("!"), description
