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


_NONE = Frequency(0, 0, 0, 0)


@cache
def ordinary_words() -> Mapping[str, Frequency]:
    """Return the words, folded, read once per process."""
    text = lzma.decompress(files(__package__).joinpath("ordinary_words.tsv.xz").read_bytes()).decode()
    lines = (line.split("\t") for line in text.splitlines())
    return {word: Frequency(*map(int, figures)) for word, figures in lines}


def frequency(folded: str, language: str, *, noun_only: bool) -> int:
    """Return how frequent the folded word is in the language of the text, or in any if that is not known.

    ``noun_only`` tells that the word has a capital that only a German noun or a name has.
    """
    found = ordinary_words().get(folded, _NONE)
    german = found.noun if noun_only else max(found.noun, found.german)
    by_language = {"de": german, "en": found.english, "pl": found.polish}
    foreign = max(by_language.values())
    return by_language.get(language, foreign) if language else foreign
