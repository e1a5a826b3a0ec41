"""Commands of editors: work through open questions, make entries of them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.commands.command import YES, Command, Intent, Permission, number_of, without_accents
from bot.commands.field_words import field_of

LISTED = {  # what editors do with a question of their list
    "close": "close", "schliessen": "close", "zamknij": "close",
    "entry": "entry", "eintrag": "entry", "wpis": "entry",
    "new": "new", "neu": "new", "nowy": "new",
    "discard": "discard", "verwerfen": "discard", "odrzuc": "discard",
    "topic": "topic", "topics": "topic", "thema": "topic", "themen": "topic", "temat": "topic", "tematy": "topic",
}  # fmt: skip
ANSWER = ("answer", "antwort", "odpowiedz")
CONFIRMED = re.compile(rf"([0-9a-f]{{8}}) (?:{'|'.join(YES.values())})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Questions(Intent):
    """List the open questions; or close one of them, answered now by the project ``entry``.

    With ``topics`` it stays open, and they say what it is about.
    """

    number: int | None = None
    entry: str = ""
    topics: str = ""


@dataclass(frozen=True, slots=True)
class NewEntry(Intent):
    """Make a new entry of the open question ``number``, step by step.

    ``step``: "" (what is missing is asked), set (a field), answer (whose text it takes: ``value``), yes (to what was
    shown under the mark ``value``), discard.
    """

    number: int
    step: str = ""
    field: str = ""
    value: str = ""


def _parse_questions(rest: str) -> Intent:
    """Read "close 7", "entry 7 bb-cottbus", "new 7 …", "topic 7 mobility"; anything else is the list."""
    word, _, others = rest.partition(" ")
    first, _, more = others.strip().partition(" ")
    number, word, more = number_of(first), LISTED.get(without_accents(word), ""), more.strip()
    if number and word == "close" and not more:
        return Questions(number)
    if number and word == "discard" and not more:
        return NewEntry(number, "discard")
    if number and word == "topic" and more:
        return Questions(number, topics=more)
    if number and word == "entry" and more:
        return Questions(number, more.strip('"'))
    return _new_entry(number, more) if number and word in ("new", "entry") else Questions()


def _new_entry(number: int, text: str) -> NewEntry:
    """Read "", "title = …", "answer 0a1b…", "0a1b2c3d yes"."""
    if confirmed := CONFIRMED.fullmatch(text):
        return NewEntry(number, "yes", value=confirmed[1].lower())
    word, _, others = text.partition(" ")
    if without_accents(word) in ANSWER and "=" not in text:
        return NewEntry(number, "answer", value=others.strip())
    field, _, value = text.partition("=")
    return NewEntry(number, "set" if field.strip() else "", field_of(field.strip()), value.strip())


def _format_questions(intent: Questions | NewEntry) -> str:
    match intent:
        case Questions(None):
            return ""
        case Questions(number, "", ""):
            return f"close {number}"
        case Questions(number, entry, topics):
            return f"topic {number} {topics}" if topics else f"entry {number} {entry}"
        case NewEntry(number, "discard"):
            return f"discard {number}"
        case NewEntry(number, "set", field, value):
            return f"new {number} {field} = {value}"
        case NewEntry(number, "answer", _, value):
            return f"new {number} answer {value}"
        case NewEntry(number, "yes", _, value):
            return f"new {number} {value} yes"
        case NewEntry(number):
            return f"new {number}"


COMMANDS = (
    Command(
        name="questions",
        words={"en": ("questions",), "de": ("fragen",), "pl": ("pytania",)},
        intents=(Questions, NewEntry),
        parse=_parse_questions,
        format=_format_questions,
        permission=Permission.EDITORS,
        in_help=True,
        arguments={"new": {"de": "neu", "pl": "nowy"}, "discard": {"de": "verwerfen", "pl": "odrzuc"}},
        confirmed=True,
    ),
)
