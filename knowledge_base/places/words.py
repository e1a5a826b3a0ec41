"""A question as words: cut, cleaned and folded once, so that every reader compares the same spelling."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

MAX_CHARACTERS = 2_000  # of a question; what an embedder reads of it, too
MAX_WORDS = 300

_WORD = re.compile(r"[^\W_]+(?:['’`:*][^\W_]+)*")
_UMLAUT = re.compile(r"(?<![aeiouq])([aou])e")  # "koeln" and "köln" fold alike, "neue" and "quelle" stay
_TRANSLATE = str.maketrans({"ł": "l", "ß": "ss", "đ": "d", "ø": "o", "æ": "ae", "œ": "oe"})


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a question: ``text`` as typed, ``folded`` for comparing, ``start`` and ``end`` in the text."""

    text: str
    folded: str
    start: int
    end: int

    @property
    def capital(self) -> bool:
        return self.text[:1].isupper()


def clean(text: str) -> str:
    """Return any string as one printable line: NFKC, without control characters or surrogates.

    It has at most ``MAX_CHARACTERS``.
    """
    head = text[: 4 * MAX_CHARACTERS].encode("utf-8", "replace").decode("utf-8")
    printable = "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn"} else c for c in head)
    return " ".join(unicodedata.normalize("NFKC", printable).split())[:MAX_CHARACTERS].strip()


@lru_cache(maxsize=65_536)
def fold(word: str) -> str:
    """Return lower case without diacritics, German umlauts in one spelling: Köln, Koeln and koln are the same."""
    decomposed = unicodedata.normalize("NFKD", word.casefold().translate(_TRANSLATE))
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    return _UMLAUT.sub(r"\1", re.sub(r"[^\w\s]", "", bare))


def words_of(text: str) -> tuple[Word, ...]:
    """Return the words of a text in order, at most ``MAX_WORDS``; hyphens and slashes separate words.

    ``Bürger:innen`` is one word.
    """
    result = []
    for match in _WORD.finditer(text):
        if folded := fold(match.group()):
            result.append(Word(match.group(), folded, match.start(), match.end()))
        if len(result) == MAX_WORDS:
            break
    return tuple(result)


@lru_cache(maxsize=16_384)  # an index is built again after each change, of the same names
def folded_name(name: str) -> str:
    """Return a name or phrase as the folded words that ``words_of`` finds in it, joined by one space."""
    return " ".join(word.folded for word in words_of(name))
