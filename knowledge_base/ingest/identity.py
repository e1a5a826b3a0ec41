"""Ids of records in lists that have none: made from title and municipality, so that other columns may change.

Where several rows share both, what else tells them apart joins in. A list a month later gives the same ids; a row whose
title changed a little is known again by its likeness to the stored record that the list no longer holds.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rapidfuzz import fuzz

from knowledge_base.ingest.columns import OWN_KEY
from knowledge_base.model import Json
from knowledge_base.vocabulary import fold

_HASH = 8  # characters: a million rows hardly ever share them, and a shared one gets a number
_SLUG = 48
_SAME = 80  # likeness of two titles, or of two texts, that are one record's
_MIN_KEY = 5  # characters of a list's own number that may stand alone


@dataclass(slots=True)
class Survey:
    """What a first look at a list tells about its ids: which rows have none, and which names or numbers repeat."""

    without_id: int = 0
    names: Counter[bytes] = field(default_factory=Counter)
    keys: Counter[str] = field(default_factory=Counter)
    keyless: int = 0

    def note(self, values: Mapping[str, Json]) -> None:
        """Count a row."""
        if values.get("id") in (None, ""):
            self.without_id += 1
            self.names[_digest(_name(values))] += 1
            key = _key(values)
            self.keys[key] += bool(key)
            self.keyless += not key

    @property
    def has_keys(self) -> bool:
        """Return whether the list's own numbers tell all rows apart, here and among other lists."""
        numbers = [key for key in self.keys if key]
        return (
            bool(numbers)
            and not self.keyless
            and max(self.keys.values()) == 1
            and all(len(key) >= _MIN_KEY and not key.isalpha() for key in numbers)
        )


class Ids:
    """The ids of the rows of one list, given in their order."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._given: Counter[str] = Counter()

    def of(self, values: Mapping[str, Json]) -> str:
        """Return the id of a row that has none."""
        if self._survey.has_keys:
            return _key(values)
        name = _name(values)
        shared = self._survey.names[_digest(name)] > 1
        told_apart = (*name, *_others(values)) if shared else name
        made = f"{_slug(values)}-{_digest(told_apart).hex()[:_HASH]}"
        self._given[made] += 1
        return made if self._given[made] == 1 else f"{made}-{self._given[made]}"


def of_source(made: str, source: str) -> str:
    """Return the id for a source, where another source has a record under the id itself."""
    return f"{made}-{_digest([source]).hex()[:4]}"


def same_records(gone: Mapping[str, tuple[str, str, str]], new: Mapping[str, tuple[str, str, str]]) -> dict[str, str]:
    """Return new id → id of the stored record that it continues, for (title, municipality, text) of both.

    Only a likeness that is the best on both sides counts.
    """
    scores = sorted(
        (
            (score, fresh, old)
            for fresh, values in new.items()
            for old, stored in gone.items()
            if fold(values[1]) == fold(stored[1]) and (score := _likeness(values, stored)) >= _SAME
        ),
        reverse=True,
    )
    found: dict[str, str] = {}
    for _, fresh, old in scores:
        if fresh not in found and old not in found.values():
            found[fresh] = old
    return found


def _likeness(one: tuple[str, str, str], other: tuple[str, str, str]) -> float:
    return max(fuzz.ratio(fold(one[0]), fold(other[0])), fuzz.ratio(one[2][:500], other[2][:500]) if one[2] else 0)


def _key(values: Mapping[str, Json]) -> str:
    key = values.get(OWN_KEY)
    return "" if key is None else " ".join(str(key).split())


def _name(values: Mapping[str, Json]) -> tuple[str, ...]:
    return tuple(fold(str(values.get(name) or "")) for name in ("record", "title", "role", "name", "municipality"))


def _others(values: Mapping[str, Json]) -> Iterable[str]:
    """Return the other words of a row, by the names of their columns."""
    return (fold(str(values[name])) for name in sorted(values) if name not in ("title", "municipality", OWN_KEY))


def _digest(words: Iterable[str]) -> bytes:
    return hashlib.sha256("\x1f".join(words).encode("utf-8", "replace")).digest()[:16]


def _slug(values: Mapping[str, Json]) -> str:
    """Return words of the title that an editor recognises."""
    words = fold(str(values.get("title") or values.get("role") or values.get("name") or "x")).split()
    slug = "-".join(words)[:_SLUG].strip("-")
    return slug or "x"
