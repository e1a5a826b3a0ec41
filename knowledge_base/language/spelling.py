"""Which known word a mistyped one means: the nearest by 3-grams, if few letters differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from knowledge_base.language.tokens import grams

MIN_LENGTH = 5
_TRIED = 12


@dataclass(frozen=True, slots=True)
class Spelling:
    """The known terms by their 3-grams."""

    terms: tuple[str, ...]
    holders: Mapping[str, list[int]]

    @classmethod
    def of(cls, terms: Iterable[str]) -> Spelling:
        """Of the terms that are long enough to be recognised when mistyped."""
        known = tuple(sorted(term for term in terms if len(term) >= MIN_LENGTH and term.isalpha()))
        holders: dict[str, list[int]] = {}
        for number, term in enumerate(known):
            for gram in set(grams(term, 3)):
                holders.setdefault(gram, []).append(number)
        return cls(known, holders)

    def nearest(self, term: str) -> str:
        """Return the known term that differs least; empty when none is near enough."""
        allowed = 0 if len(term) < MIN_LENGTH else 1 if len(term) < 8 else 2
        shared = Counter(number for gram in set(grams(term, 3)) for number in self.holders.get(gram, ()))
        tried = [
            self.terms[number] for number, _ in sorted(shared.items(), key=lambda item: (-item[1], item[0]))[:_TRIED]
        ]
        best = min(
            ((OSA.distance(term, other, score_cutoff=allowed), other) for other in tried), default=(allowed + 1, "")
        )
        return best[1] if 0 < best[0] <= allowed else ""
