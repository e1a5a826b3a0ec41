"""Spelling mistakes: which known name lies within one or two edits of a word.

First letter, length and the set of letters leave few candidates, the restricted Damerau-Levenshtein distance (a swap of
neighbours is one edit) confirms them. That needs no index, which would take longer to make than most processes ask.
Short words are never corrected: too many are one edit from a name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

_MIN_LENGTH = 5
_TWO_EDITS_FROM = 8  # letters of the word; a name needs more


def distance(one: str, other: str, limit: int) -> int:
    """Restricted Damerau-Levenshtein distance, or ``limit + 1`` as soon as it must be more than ``limit``."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    previous = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            best = min(previous[j] + 1, row[j - 1] + 1, previous[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and b == one[i - 2]:
                best = min(best, before[j - 2] + 1)
            row.append(best)
        if min(row) > limit:
            return limit + 1
        before, previous = previous, row
    return min(previous[-1], limit + 1)


class Corrector:
    """Names to correct towards: ``correct`` answers the one nearest to a word, or none when two are equally near."""

    def __init__(self, names: Iterable[str]) -> None:
        self._alike: dict[tuple[str, int], list[tuple[int, str]]] = defaultdict(list)
        for name in set(names):
            if len(name) >= _MIN_LENGTH:
                self._alike[name[0], len(name)].append((_letters(name), name))

    def correct(self, word: str) -> str | None:
        """The nearest name within 1 edit, or 2 (a word from 8, a name from 9 letters); first letters must agree."""
        if len(word) < _MIN_LENGTH:
            return None
        near = sorted(self._near(word))
        if not near or (len(near) > 1 and near[0][0] == near[1][0]):
            return None
        return near[0][1]

    def _near(self, word: str) -> Iterator[tuple[int, str]]:
        """The names near enough, each after its distance."""
        letters = _letters(word)
        for length in range(len(word) - 2, len(word) + 3):
            limit = 2 if len(word) >= _TWO_EDITS_FROM < length else 1
            for others, name in self._alike.get((word[0], length), ()):
                if (letters ^ others).bit_count() <= 2 * limit:  # an edit takes away one letter and brings one
                    edits = distance(word, name, limit)
                    if edits <= limit:
                        yield edits, name


def _letters(word: str) -> int:
    """The set of a word's letters as bits; two letters may share one, which lets more through, never less."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) & 63)
    return bits
