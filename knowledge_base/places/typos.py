"""Spelling mistakes: which known name lies within one or two edits of a word.

An edit changes, inserts or leaves out a letter, or swaps two neighbours (optimal string alignment). The names are
compared one by one: an index would take longer to make than most processes ask.
Short words are never corrected: too many are one edit from a name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import OSA

_MIN_LENGTH = 5
_TWO_EDITS_FROM = 8  # letters of the word; a name needs more


class Corrector:
    """Names to correct towards: ``correct`` answers the one nearest to a word, or none when two are equally near."""

    def __init__(self, names: Iterable[str]) -> None:
        self._by_first_letter: dict[str, list[str]] = defaultdict(list)
        for name in set(names):
            if len(name) >= _MIN_LENGTH:
                self._by_first_letter[name[0]].append(name)

    def correct(self, word: str) -> str | None:
        """The nearest name within 1 edit, or 2 (a word from 8, a name from 9 letters); first letters must agree."""
        if len(word) < _MIN_LENGTH:
            return None
        limit = 2 if len(word) >= _TWO_EDITS_FROM else 1
        names = self._by_first_letter.get(word[0], ())
        ranked = process.extract(word, names, scorer=OSA.distance, score_cutoff=limit, limit=None)
        near = [(edits, name) for name, edits, _ in ranked if edits <= 1 or len(name) > _TWO_EDITS_FROM]
        if not near or (len(near) > 1 and near[0][0] == near[1][0]):
            return None
        return near[0][1]
