"""Text to intent: pure, and the only list of commands.

A command begins with ``!`` or ``/``, anywhere; in a private chat, the few words that can be nothing else ("mehr",
"das zweite", "3") work without. Every other text is a question.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Start:
    """The bot was met for the first time, or asked to introduce itself."""


@dataclass(frozen=True, slots=True)
class Help:
    """What can I do here?"""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to the knowledge base."""

    question: str


@dataclass(frozen=True, slots=True)
class More:
    """The next hits of the last question."""


@dataclass(frozen=True, slots=True)
class Show:
    """One project in full: by its id, or by its number in what was shown last."""

    which: str


@dataclass(frozen=True, slots=True)
class Pick:
    """The number of a choice that was shown last."""

    number: int


@dataclass(frozen=True, slots=True)
class Language:
    """Answer me in this language; empty: show which there are; "auto": follow my questions."""

    code: str


@dataclass(frozen=True, slots=True)
class Rate:
    """The last answer was useful, or not; ``answer`` names another one."""

    useful: bool
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Questions:
    """For editors: what was asked and not answered; or close one of them."""

    close: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """For editors: show a record, or set one of its fields."""

    record: str
    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Remove:
    """For editors: take a record out; asked back unless confirmed."""

    record: str
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """A command that there is not."""

    command: str


Intent = Start | Help | Ask | More | Show | Pick | Language | Rate | Questions | Edit | Remove | Unknown


@dataclass(frozen=True, slots=True)
class Routed:
    """An intent, and the language that its very words are in, if they are in one."""

    intent: Intent
    language: str | None = None


# name -> its words by language; the first of each is the one that help shows
COMMANDS: dict[str, dict[str, tuple[str, ...]]] = {
    "start": {"": ("start",)},
    "help": {"en": ("help",), "de": ("hilfe",), "pl": ("pomoc",)},
    "ask": {"en": ("ask",), "de": ("frage",), "pl": ("pytanie",)},
    "more": {"en": ("more",), "de": ("mehr",), "pl": ("wiecej", "więcej")},
    "show": {"en": ("show",), "de": ("zeige",), "pl": ("pokaz", "pokaż")},
    "language": {"en": ("language",), "de": ("sprache",), "pl": ("jezyk", "język")},
    "useful": {"en": ("useful",), "de": ("hilfreich",), "pl": ("przydatne",)},
    "useless": {"en": ("useless",), "de": ("unpassend",), "pl": ("nieprzydatne",)},
    "questions": {"en": ("questions",), "de": ("fragen",), "pl": ("pytania",)},
    "edit": {"en": ("edit",), "de": ("bearbeiten",), "pl": ("edytuj",)},
    "remove": {"en": ("remove",), "de": ("entfernen",), "pl": ("usun-wpis",)},
}
WORDS = {word: (name, language or None) for name, forms in COMMANDS.items() for language, word in (
    (language, word) for language, words in forms.items() for word in words
)}  # fmt: skip

EDITORS_COMMANDS = ("questions", "edit", "remove")

LANGUAGE_CODES = {
    "de": "de", "deutsch": "de", "german": "de", "niemiecki": "de",
    "en": "en", "englisch": "en", "english": "en", "angielski": "en",
    "pl": "pl", "polnisch": "pl", "polish": "pl", "polski": "pl",
    "auto": "auto",
}  # fmt: skip

# What in a private chat can only be meant as a command, as it is written after ``_bare``.
BARE = {
    "more": ("en", "more", "show more", "more please", "next"),
    "mehr": ("de", "mehr", "mehr davon", "mehr bitte", "zeig mehr", "weitere", "noch mehr", "weiter"),
    "wiecej": ("pl", "wiecej", "pokaz wiecej", "dalej", "nastepne"),
}
ORDINALS = {
    "en": (r"(?:(?:show|open|tell me about|what about) )?(?:me )?the (\w+)(?: one| hit| result)?(?: please)?",
           ("first", "second", "third", "fourth", "fifth", "last")),
    "de": (r"(?:zeig(?:e)?(?: mir)? )?(?:bitte )?(?:das|den|die) (\w+)(?: projekt| treffer)?(?: bitte| genauer)?",
           ("erste", "zweite", "dritte", "vierte", "fuenfte", "letzte")),
    "pl": (r"(?:pokaz )?(?:ten |to |te )?(\w+)(?: projekt| wynik)?",
           ("pierwsz", "drug", "trzec", "czwart", "piat", "ostatn")),
}  # fmt: skip
ENDINGS = {"en": "", "de": "[nrs]?", "pl": "(?:y|a|e|i|ia|ie|ego|iego)"}
LAST = 0  # Pick(0) means the last one shown
MAX_NUMBER = 99
ASCII = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss", ord("ł"): "l"}


def route(text: str, *, private: bool) -> Routed:
    """The intent of a text that was meant for the bot."""
    stripped = text.strip()
    if stripped[:1] in ("!", "/") and len(stripped) > 1 and not stripped[1].isspace():
        return _command(stripped[1:])
    if private and (found := _bare(stripped)) is not None:
        return found
    return Routed(Ask(stripped))


def is_command(text: str) -> bool:
    """Whether a text in a room is a command of ours, though the bot was not mentioned."""
    word = text.strip()[1:].split(maxsplit=1)
    return text.strip()[:1] in ("!", "/") and bool(word) and _word(word[0]) in WORDS


def typed(command: str, language: str) -> str:
    """A command ("more", "show bb-cottbus") as a person of this language would type it."""
    name, _, rest = command.partition(" ")
    forms = COMMANDS[name]
    word = forms.get(language, forms.get("", forms.get("en", (name,))))[0]
    return f"!{word} {rest}".rstrip()


def _command(text: str) -> Routed:
    word, *others = text.split(maxsplit=1)
    name, language = WORDS.get(_word(word), ("", None))
    rest = others[0].strip() if others else ""
    if not name:
        return Routed(Unknown(word[:40]))
    return Routed(_intent(name, rest), language)


def _word(word: str) -> str:
    """A command's word without the bot's name that Telegram appends."""
    return unicodedata.normalize("NFC", word).partition("@")[0].lower()


def _intent(name: str, rest: str) -> Intent:
    match name:
        case "start" | "help":
            return Start() if name == "start" else Help()
        case "ask":
            return Ask(rest) if rest else Help()
        case "more":
            return More()
        case "show":
            return Show(rest) if rest else Help()
        case "language":
            return Language(LANGUAGE_CODES.get(rest.lower(), ""))
        case "useful" | "useless":
            return Rate(name == "useful", rest)
        case _:
            return _editors_intent(name, rest)


def _editors_intent(name: str, rest: str) -> Intent:
    if name == "questions":
        parts = rest.split(maxsplit=1)
        number = parts[1] if len(parts) == 2 and _fold(parts[0]) in ("close", "schliessen", "zamknij") else ""
        return Questions(int(number) if number.isdecimal() and len(number) < 10 else None)
    record, others = _record(rest)
    if not record:
        return Help()
    if name == "edit":
        field, _, value = others.partition("=")
        return Edit(record, field.strip().lower(), value.strip())
    return Remove(record, confirmed=others.lower() in ("yes", "ja", "tak"))


def _record(rest: str) -> tuple[str, str]:
    """A record's id and what follows it; an id with spaces in it is written in quotation marks."""
    match = re.fullmatch(r'"([^"]*)"\s*(.*)|(\S*)\s*(.*)', rest, re.DOTALL)
    quoted, after_quoted, word, after = match.groups() if match else ("", "", "", "")
    return (word, after.strip()) if quoted is None else (quoted, after_quoted.strip())


def _bare(text: str) -> Routed | None:
    if len(text) > 60:
        return None
    folded = _fold(text)
    if folded.isdecimal() and folded.isascii():
        return Routed(Pick(int(folded))) if 1 <= int(folded[:6]) <= MAX_NUMBER else None
    for language, *phrases in BARE.values():
        if folded in phrases:
            return Routed(More(), language)
    for language, number in _ordinals(folded):
        return Routed(Pick(number), language)
    if folded in WORDS and WORDS[folded][0] in ("help", "start"):
        return Routed(_intent(WORDS[folded][0], ""), WORDS[folded][1])
    return None


def _ordinals(folded: str) -> Iterator[tuple[str, int]]:
    for language, (pattern, words) in ORDINALS.items():
        match = re.fullmatch(pattern, folded)
        if not match:
            continue
        for position, word in enumerate(words, start=1):
            if re.fullmatch(word + ENDINGS[language], match[1]):
                yield language, LAST if position == len(words) else position


def _fold(text: str) -> str:
    """Lower case, umlauts and accents written in ASCII, without punctuation at the end."""
    lowered = text.lower().strip(" .!?…").translate(ASCII)
    decomposed = unicodedata.normalize("NFKD", lowered)
    return re.sub(r"\s+", " ", "".join(char for char in decomposed if not unicodedata.combining(char)))
