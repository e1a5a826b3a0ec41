"""Text to intent: pure.

A command begins with ``!`` or ``/``, anywhere; in a private chat, the few words that can be nothing else ("mehr",
"das zweite", "3", "kontakt 1") work without. A greeting alone is one. Every other text is a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.commands import WORDS, word_of
from bot.commands.account import Verify, bare_intent
from bot.commands.command import Intent, fold
from bot.commands.digests import bare_digest_intent
from bot.commands.general import LONGEST_UNKNOWN, Unknown
from bot.commands.search import LAST, Ask, More, Pick
from bot.commands.small_talk import polite_intent

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


@dataclass(frozen=True, slots=True)
class Routed:
    """An intent, and the language that its very words are in, if they are in one."""

    intent: Intent
    language: str | None = None
    awaited: bool = False  # the text completed a command that the bot had asked to complete


def route(text: str, *, private: bool) -> Routed:
    """The intent of a text that was meant for the bot."""
    stripped = text.strip()
    if stripped[:1] in ("!", "/") and len(stripped) > 1 and not stripped[1].isspace():
        return _command(stripped[1:])
    if len(stripped) > LONGEST_BARE:
        return Routed(Ask(stripped))
    folded = fold(stripped)
    if private and (intent := _bare(folded)) is not None:
        return intent
    return Routed(*(polite_intent(folded) or (Ask(stripped),)))


def _command(text: str) -> Routed:
    word, *others = text.split(maxsplit=1)
    command, language = WORDS.get(word_of(word), (None, None))
    if command is None:
        return Routed(Unknown(word[:LONGEST_UNKNOWN]))
    return Routed(command.parse(others[0].strip() if others else ""), language)


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
    command, spoken = WORDS.get(word, (None, None))
    name = command.name if command else ""
    alone = name in ("help", "start") and not rest
    if command and (alone or (name in ("intro", "show") and re.fullmatch("[0-9]{1,2}", rest))):
        return Routed(command.parse(rest), spoken)
    return None


def _ordinals(folded: str) -> Iterator[tuple[str, int]]:
    for language, (pattern, words) in ORDINALS.items():
        match = re.fullmatch(pattern, folded)
        if not match:
            continue
        for position, word in enumerate(words, start=1):
            if re.fullmatch(word + ENDINGS[language], match[1]):
                yield language, LAST if position == len(words) else position
