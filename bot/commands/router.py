"""Text to intent: pure.

A command begins with ``!`` or ``/``, anywhere; in a private chat, the few words that can be nothing else ("mehr",
"das zweite", "3", "kontakt 1") work without. A greeting alone is one. Every other text is a question.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from bot.commands import WORDS, YES, word_of
from bot.commands.account import bare_intent, people_intent
from bot.commands.digests import bare_digest_intent, digest_intent
from bot.commands.intents import (
    LAST,
    Ask,
    Edit,
    Help,
    Intent,
    Language,
    More,
    Pick,
    Rate,
    Remove,
    Routed,
    Show,
    Start,
    Unknown,
    Verify,
)
from bot.commands.introductions import intro_intent
from bot.commands.open_questions import editors_intent, question_intent
from bot.commands.small_talk import polite_intent

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
MAX_NUMBER = 99
LONGEST_BARE = 60  # characters; what is longer says more than a command
ASCII = {ord("ä"): "ae", ord("ö"): "oe", ord("ü"): "ue", ord("ß"): "ss", ord("ł"): "l"}


def route(text: str, *, private: bool) -> Routed:
    """The intent of a text that was meant for the bot."""
    stripped = text.strip()
    if stripped[:1] in ("!", "/") and len(stripped) > 1 and not stripped[1].isspace():
        return _command(stripped[1:])
    if len(stripped) > LONGEST_BARE:
        return Routed(Ask(stripped))
    folded = _fold(stripped)
    if private and (found := _bare(folded)) is not None:
        return found
    return Routed(*(polite_intent(folded) or (Ask(stripped),)))


def _command(text: str) -> Routed:
    word, *others = text.split(maxsplit=1)
    name, language = WORDS.get(word_of(word), ("", None))
    rest = others[0].strip() if others else ""
    if not name:
        return Routed(Unknown(word[:40]))
    return Routed(_intent(name, rest), language)


def _intent(name: str, rest: str) -> Intent:
    if (special := people_intent(name, rest) or intro_intent(name, rest) or question_intent(name, rest)) is not None:
        return special
    match name:
        case "start" | "help":
            return Start(rest) if name == "start" else Help()
        case "ask":
            return Ask(rest) if rest else Help()
        case "more":
            return More()
        case "show":
            return Show(rest) if rest else Help()
        case "language":
            return Language(LANGUAGE_CODES.get(rest.lower(), ""))
        case "subscribe" | "unsubscribe" | "digest":
            return digest_intent(name, rest, _fold(rest))
        case "useful" | "useless":
            return Rate(name == "useful", rest)
        case _:
            return _editors_intent(name, rest)


def _editors_intent(name: str, rest: str) -> Intent:
    if name == "questions":
        return editors_intent(rest)
    record, others = _record(rest)
    if not record:
        return Help()
    if name == "edit":
        field, _, value = others.partition("=")
        return Edit(record, field.strip().lower(), value.strip())
    return Remove(record, confirmed=others.lower() in YES.values())


def _record(rest: str) -> tuple[str, str]:
    """A record's id and what follows it; an id with spaces in it is written in quotation marks."""
    match = re.fullmatch(r'"([^"]*)"\s*(.*)|(\S*)\s*(.*)', rest, re.DOTALL)
    quoted, after_quoted, word, after = match.groups() if match else ("", "", "", "")
    return (word, after.strip()) if quoted is None else (quoted, after_quoted.strip())


def _bare(folded: str) -> Routed | None:
    if re.fullmatch(r"[0-9]{3} ?[0-9]{3}", folded):  # nothing else that people send has six digits
        return Routed(Verify(folded))
    if folded.isdecimal() and folded.isascii():
        return Routed(Pick(int(folded))) if 1 <= int(folded[:6]) <= MAX_NUMBER else None
    if said := bare_intent(folded) or bare_digest_intent(folded):
        return Routed(*said)
    for language, *phrases in BARE.values():
        if folded in phrases:
            return Routed(More(), language)
    for language, number in _ordinals(folded):
        return Routed(Pick(number), language)
    word, _, rest = folded.partition(" ")
    name, spoken = WORDS.get(word, ("", None))
    if (name in ("help", "start") and not rest) or (name in ("intro", "show") and re.fullmatch("[0-9]{1,2}", rest)):
        return Routed(_intent(name, rest), spoken)
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
