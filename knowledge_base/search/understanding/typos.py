"""Spelling mistakes: which known name lies within one or two edits of a word.

Symmetric deletes (Garbe 2012) find candidates by dictionary look-up, the restricted Damerau-Levenshtein distance
(a swap of neighbours is one edit) confirms them. Short words are never corrected: too many are one edit from a name.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

_MIN_LENGTH = 5
_TWO_EDITS_FROM = 8
_FEW_NAMES = 5_000  # two letters away are looked up for no more names: the variants would fill the memory


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
        self._by_delete: dict[str, set[str]] = defaultdict(set)
        known = {name for name in names if len(name) >= _MIN_LENGTH}
        for name in known:
            twice = len(name) > _TWO_EDITS_FROM and len(known) <= _FEW_NAMES
            for variant in _shortened(name, 2 if twice else 1):
                self._by_delete[variant].add(name)

    def correct(self, word: str) -> str | None:
        """The nearest name within 1 edit (from 5 letters) or 2 (from 8 letters); first letters must agree."""
        if len(word) < _MIN_LENGTH:
            return None
        limit = 2 if len(word) >= _TWO_EDITS_FROM else 1
        near = [(distance(word, name, limit), name) for name in self._candidates(word, limit) if name[0] == word[0]]
        near = sorted(pair for pair in near if pair[0] <= limit)
        if not near or (len(near) > 1 and near[0][0] == near[1][0]):
            return None
        return near[0][1]

    def _candidates(self, word: str, limit: int) -> set[str]:
        return {name for variant in _shortened(word, limit) for name in self._by_delete.get(variant, ())}


def _shortened(word: str, times: int) -> set[str]:
    """The word and what is left of it after up to ``times`` letters are taken away."""
    variants = {word}
    for _ in range(times):
        variants |= {variant[:i] + variant[i + 1 :] for variant in variants for i in range(len(variant))}
    return variants
