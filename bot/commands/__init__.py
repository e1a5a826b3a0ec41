"""The commands: one row each, by subject. All that is known of commands is derived from ``COMMANDS``. Pure.

To add a command, add its intent and its row to the module of its subject.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from bot.commands import (
    account,
    admins,
    contacts,
    contributions,
    conversation,
    digests,
    editing,
    editors,
    general,
    introductions,
    open_questions,
    privacy,
    ratings,
    rooms,
    search,
)
from bot.commands.command import Command, Intent, Permission
from bot.commands.general import LONGEST_UNKNOWN, Unknown

COMMANDS: tuple[Command, ...] = (  # in the order of help
    *search.COMMANDS,
    *introductions.COMMANDS,
    *contacts.COMMANDS,
    *digests.COMMANDS,
    *ratings.COMMANDS,
    *open_questions.COMMANDS,
    *contributions.COMMANDS,
    *account.COMMANDS,
    *rooms.COMMANDS,
    *privacy.COMMANDS,
    *general.COMMANDS,
    *conversation.COMMANDS,
    *editors.COMMANDS,
    *editing.COMMANDS,
    *admins.COMMANDS,
)
NAMES: Mapping[str, Command] = {command.name: command for command in COMMANDS}
WORDS: Mapping[str, tuple[Command, str | None]] = {  # word -> its command, and its language where it is of one
    word: (command, language or None)
    for command in COMMANDS
    for language, words in command.words.items()
    for word in words
}
PERMISSIONS: Mapping[type[Intent], Permission] = {
    intent: command.permission for command in COMMANDS for intent in command.intents
}
RATE_LIMITED = tuple(intent for command in COMMANDS for intent in command.rate_limited)
NAMED = re.compile(rf"(?<![\w!])!(?:{'|'.join(sorted(WORDS, key=len, reverse=True))})(?![\w-])")  # within a text


def parse(text: str) -> Intent:
    """Return the intent that ``to_text`` wrote, this version's or an older one's; ``Unknown`` if it wrote no such."""
    name, *rest = text.split(maxsplit=1) or [""]
    command = NAMES.get(name) or WORDS.get(name, (None, None))[0]
    return command.parse(rest[0].strip() if rest else "") if command else Unknown(name[:LONGEST_UNKNOWN])


def to_text(intent: Intent) -> str:
    """Return the canonical text of an intent, as it is stored: "show bb-cottbus"; raise ValueError if it has none."""
    command, rest = _written(intent)
    return f"{command.name} {rest}".rstrip()


def typed(intent: Intent, language: str) -> str:
    """Return an intent as a user of this language types it: "!zeige bb-cottbus"."""
    command, rest = _written(intent)
    return command.typed(rest, language)


def word_for(intent: Intent, language: str) -> str:
    """Return the command of an intent alone, without what a user added to it."""
    return _written(intent)[0].typed("", language)


def _written(intent: Intent) -> tuple[Command, str]:
    for command in COMMANDS:
        if type(intent) in command.intents and (rest := command.format(intent)) is not None:
            return command, rest.strip()
    raise ValueError(f"no command has the intent {type(intent).__name__}")


def is_command(text: str) -> bool:
    """Return whether a text in a room is a command of the bot, though it was not mentioned."""
    word = text.strip()[1:].split(maxsplit=1)
    return text.strip()[:1] in ("!", "/") and bool(word) and word_of(word[0]) in WORDS


def word_of(word: str) -> str:
    """Return a command's word without the bot's name that Telegram appends, and with hyphens for its underscores."""
    return unicodedata.normalize("NFC", word).partition("@")[0].lower().replace("_", "-")
