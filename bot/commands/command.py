"""The row of a command: its words, parser, formatter, permission, rate limit and place in help. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

YES = {"de": "ja", "en": "yes", "pl": "tak"}
NO = {"de": "nein", "en": "no", "pl": "nie"}
MOST_DIGITS = 9
ASCII = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss", ord("ł"): "l"}


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that users can ask the bot to do: a value without behaviour, made by a parser, served by a feature."""


class Permission(StrEnum):
    """The users who may ask for something.

    Admins and editors are accounts that the settings name; a role in a room of the network does not count here.
    """

    ALL = "all"  # in rooms, too
    ONE_TO_ONE = "one to one"  # all users, in chats that nobody else reads
    TOWNS = "towns"  # editors; where a setting allows it, verified users for records of their municipality
    EDITORS = "editors"
    ADMINS = "admins"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command.

    ``parse`` reads what follows the word. It may return an intent of another command ("ask" alone means help).
    ``format`` writes what follows the name for one of ``intents``; ``None``: another command says it.
    ``parse(format(intent)) == intent`` holds for each of them.
    """

    name: str  # in what is stored; never changes
    words: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by language; help shows the first of each
    intents: tuple[type[Intent], ...]
    parse: Callable[[str], Intent]
    format: Callable[[Any], str | None]
    permission: Permission
    rate_limited: tuple[type[Intent], ...] = ()  # refused beyond the hourly limit of messages; consent never is
    in_help: bool = False
    arguments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # a first word that is translated, too
    needs_mail: bool = False  # works only where the bot sends mail
    confirmed: bool = False  # ends with "yes" when it is meant

    def typed(self, rest: str, language: str) -> str:
        """Return the command as a user of this language types it; users cannot type one without words."""
        word = self.words.get(language, self.words.get("", self.words.get("en", (self.name,))))[0]
        first, _, others = rest.partition(" ")
        if translated := self.arguments.get(first, {}).get(language):
            rest = f"{translated} {others}"
        if self.confirmed and re.search(r"(?:^| )yes$", rest):
            rest = rest.removesuffix("yes") + YES.get(language, "yes")
        return f"!{word} {rest}".rstrip()


def always(intent: Intent) -> Callable[[str], Intent]:
    """Return the parser of a command that takes no arguments."""
    return lambda _rest: intent


def nothing(_intent: Intent) -> str:
    """Format an intent without values."""
    return ""


def fold(text: str) -> str:
    """Return the text in lower case, umlauts and accents written in ASCII, without punctuation at the end."""
    lowered = text.lower().strip(" .!?…").translate(ASCII)
    decomposed = unicodedata.normalize("NFKD", lowered)
    return re.sub(r"\s+", " ", "".join(char for char in decomposed if not unicodedata.combining(char)))


def without_accents(word: str) -> str:
    """Return a word in lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", word.strip().casefold().replace("ł", "l"))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def number_of(word: str) -> int:
    """Return the number of a question, 0 if the word is not a number."""
    word = word.strip(" .:,#")
    return int(word) if word.isascii() and word.isdecimal() and len(word) <= MOST_DIGITS else 0
