"""Commands of editors: work through open questions, make entries of them. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from bot.commands.command import MOST_DIGITS, YES, Command, Intent, Permission, number_of, without_accents
from bot.commands.field_words import field_of, split_field

LISTED = {  # what editors do with a question of their list
    "close": "close", "schliessen": "close", "zamknij": "close",
    "entry": "entry", "eintrag": "entry", "wpis": "entry",
    "new": "new", "neu": "new", "nowy": "new",
    "discard": "discard", "verwerfen": "discard", "odrzuc": "discard",
    "topic": "topic", "topics": "topic", "thema": "topic", "themen": "topic", "temat": "topic", "tematy": "topic",
}  # fmt: skip
OF_CANDIDATE = {  # what editors do with a candidate
    "accept": "accept", "annehmen": "accept", "uebernehmen": "accept", "ubernehmen": "accept", "przyjmij": "accept",
    "decline": "decline", "ablehnen": "decline", "odrzuc": "decline", "yes": "yes", "ja": "yes", "tak": "yes",
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
    """Make a new entry of the open question ``number``, step by step; or of the candidate, 0 being a new one.

    ``step``: "" (what is missing is asked), set (a field), answer (whose text it takes: ``value``), yes (to what was
    shown under the mark ``value``), discard.
    """

    number: int
    step: str = ""
    field: str = ""
    value: str = ""
    candidate: bool = False


@dataclass(frozen=True, slots=True)
class Candidates(Intent):
    """List what users have contributed; or show, change, accept or decline one of them.

    ``step``: "" (show it), set (``field`` to ``value``), accept (asks), yes (to what was shown under the mark
    ``value``), decline (for the reason ``value``, else asked for).
    """

    number: int = 0
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


def _format_questions(intent: Questions | NewEntry) -> str | None:
    match intent:
        case NewEntry(candidate=True):
            return None
        case Questions(None):
            return ""
        case Questions(number, "", ""):
            return f"close {number}"
        case Questions(number, entry, topics):
            return f"topic {number} {topics}" if topics else f"entry {number} {entry}"
        case NewEntry(number, "discard"):
            return f"discard {number}"
        case NewEntry(number):
            return f"new {number} {_step(intent)}"


def _step(intent: NewEntry) -> str:
    match intent.step:
        case "set":
            return f"{intent.field} = {intent.value}"
        case "answer":
            return f"answer {intent.value}"
        case "yes":
            return f"{intent.value} yes"
    return intent.step


def _parse_new(rest: str) -> NewEntry:
    """Read "" (a new one), "A title", "7 title = …", "7 0a1b2c3d yes", "7 discard"."""
    first, _, others = rest.partition(" ")
    if LISTED.get(without_accents(first)) == "discard" and number_of(others):
        return NewEntry(number_of(others), "discard", candidate=True)
    if not (first.isascii() and first.isdecimal() and len(first) <= MOST_DIGITS):
        return NewEntry(0, "set" if rest else "", "title" if rest else "", rest, candidate=True)
    if LISTED.get(without_accents(others)) == "discard":
        return NewEntry(int(first), "discard", candidate=True)
    return replace(_new_entry(int(first), others.strip()), candidate=True)


def _format_new(intent: NewEntry) -> str | None:
    if not intent.candidate:
        return None
    return f"discard {intent.number}" if intent.step == "discard" else f"{intent.number} {_step(intent)}"


def _parse_candidates(rest: str) -> Intent:
    """Read "7", "accept 7", "decline 7 reason", "yes 7 0a1b2c3d", "7 status = finished"; anything else is the list."""
    word, _, others = rest.partition(" ")
    step = OF_CANDIDATE.get(without_accents(word), "")
    first, _, more = (others if step else rest).strip().partition(" ")
    number, more = number_of(first), more.strip()
    if not number:
        return Candidates()
    if step or not more:
        return Candidates(number, step, value=more)
    field, behind = split_field(more)
    return Candidates(number, "set", field, behind.removeprefix(":" if behind.startswith(":") else "=").strip())


def _format_candidates(intent: Candidates) -> str:
    if not intent.number:
        return ""
    if intent.step == "set":
        return f"{intent.number} {intent.field} = {intent.value}"
    return f"{intent.step} {intent.number} {intent.value}".strip()


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
    Command(
        name="new",
        words={"en": ("new",), "de": ("neu",), "pl": ("nowy", "nowe")},
        intents=(NewEntry,),
        parse=_parse_new,
        format=_format_new,
        permission=Permission.EDITORS,
        in_help=True,
        arguments={"discard": {"de": "verwerfen", "pl": "odrzuc"}},
        confirmed=True,
    ),
    Command(
        name="candidates",
        words={"en": ("suggestions",), "de": ("vorschlaege", "vorschläge"), "pl": ("propozycje",)},
        intents=(Candidates,),
        parse=_parse_candidates,
        format=_format_candidates,
        permission=Permission.EDITORS,
        in_help=True,
        arguments={
            "accept": {"de": "annehmen", "pl": "przyjmij"},
            "decline": {"de": "ablehnen", "pl": "odrzuc"},
        },
    ),
)
