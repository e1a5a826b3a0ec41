"""Ordinary words that could be taken for the name of a place (``ordinary_words.tsv.xz``), and how frequent they are.

``tools/make_ordinary_words.py`` makes the file. README.md in this folder names sources and licences.
"""

from __future__ import annotations

import lzma
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Frequency(NamedTuple):
    """How frequent a word is as an ordinary one, 0 (no such word) to 9 (twice its Zipf frequency, less 3)."""

    noun: int  # in German, with a capital
    german: int  # in German, any other word
    english: int
    polish: int


NONE = Frequency(0, 0, 0, 0)


@cache
def _lines() -> tuple[tuple[str, str], ...]:
    text = lzma.decompress(files(__package__).joinpath("ordinary_words.tsv.xz").read_bytes()).decode()
    return tuple((line[:-5], line[-4:]) for line in text.splitlines())


@cache
def ordinary_words() -> Mapping[str, Frequency]:
    """Return the ordinary words, folded, read once per process."""
    return {word: Frequency(*map(int, figures)) for word, figures in _lines() if figures != "0000"}


@cache
def spelt_words() -> frozenset[str]:
    """Return folded words and names that are spelt right, although they are nearly the name of a large town."""
    return frozenset(word for word, _ in _lines())


def frequency(folded: str, language: str, *, noun_only: bool) -> int:
    """Return how frequent the folded word is in the language of the text, or in any if that is not known.

    ``noun_only`` tells that the word has a capital that only a German noun or a name has.
    """
    found = ordinary_words().get(folded, NONE)
    german = found.noun if noun_only else max(found.noun, found.german)
    by_language = {"de": german, "en": found.english, "pl": found.polish}
    foreign = max(by_language.values())
    return by_language.get(language, foreign) if language else foreign
