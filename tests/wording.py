"""Recognise a text of the bot by its key, so that a test need not quote its wording."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from babel.messages.pofile import read_po

import bot
from bot.commands import NAMED

FIELD = re.compile(r"\s*\{[a-z_]+#?\}\s*")
ANYTHING = r"[\s\S]*?"


def says(key: str, text: str, language: str = "de") -> bool:
    """Return whether a text contains the wording of a key in a language; fields may hold anything.

    Raise ``ValueError`` for a key whose wording has no words of its own, since anything would match it.
    """
    return any(form.search(text) for form in _forms(key, language))


@lru_cache
def _forms(key: str, language: str) -> tuple[re.Pattern[str], ...]:
    forms = [re.sub(r"</?[bi]>", "", form) for form in _catalog(language)[key]]
    if not all(re.search(r"\w\w", FIELD.sub("", form)) for form in forms):
        raise ValueError(f"{key} has no words of its own")
    return tuple(re.compile(ANYTHING.join(map(_words, FIELD.split(form.strip())))) for form in forms)


def _words(part: str) -> str:
    """Return a pattern for words; commands begin with another sign on other networks."""
    ends = [0, *(end for command in NAMED.finditer(part) for end in command.span()), len(part)]
    pieces = [part[start:end] for start, end in pairwise(ends)]
    return "".join(
        r"[!/][\w-]+" if number % 2 else r"\s+".join(map(re.escape, re.split(r"\s+", piece)))
        for number, piece in enumerate(pieces)
    )


@lru_cache
def _catalog(language: str) -> dict[str, list[str]]:
    path = f"{bot.__path__[0]}/texts/{language}.po"
    with open(path, "rb") as source:  # noqa: PTH123 - a name, not a path
        entries = [entry for entry in read_po(source, abort_invalid=True) if entry.id]
    return {
        (entry.id if isinstance(entry.id, str) else entry.id[0]): (
            [entry.string] if isinstance(entry.string, str) else list(entry.string)
        )
        for entry in entries
    }
