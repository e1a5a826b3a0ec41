"""The places that a question may name: municipalities of the knowledge base, states, and well-known places elsewhere.

Names are looked up exactly first, then bent ("Potsdamer", "w Poczdamie"), then misspelt ("Cotbus"), longest first.
Names that are also ordinary words ("Essen", "Halle", "Hof") count only where the sentence treats them as a place.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

import numpy as np
import numpy.typing as npt

from knowledge_base.model import Municipality
from knowledge_base.places.inflection import base_forms
from knowledge_base.places.place_names import (
    ADJECTIVE,
    AFTER_VON,
    CITY_STATES,
    NOWHERE,
    ORDINARY_NAMES,
    PLACE_PREPOSITIONS,
    STRICT_PREPOSITIONS,
    elsewhere_lines,
    short_forms,
)
from knowledge_base.places.states import BERLIN_DISTRICTS, STATES
from knowledge_base.places.typos import Corrector
from knowledge_base.places.unknown_places import unknown_name
from knowledge_base.places.words import Word, fold, folded_name, words_of
from knowledge_base.search.tokens import STOP_WORDS, stem

NEAR_KM = 60.0
_MAX_NAME_WORDS = 5
_NEIGHBOUR = 0.8  # nearness of a municipality listed as neighbour
_EARTH_KM = 6371.0
_SHORT_NAME = 4
_DISTRICT_KEY = 5  # digits of the official key, fewer than those of its members
_CORRECTED_ANYWHERE = 6  # letters of a misspelt name that needs no preposition before it

_STOP = frozenset(fold(word) for words in STOP_WORDS.values() for word in words)


class PlaceKind(Enum):
    MUNICIPALITY = "municipality"
    STATE = "state"
    ELSEWHERE = "elsewhere"  # well known, but not in the knowledge base


@dataclass(frozen=True, slots=True)
class Place:
    """The meaning of a name: ``rows`` are the gazetteer's municipalities of that name, empty for other kinds."""

    kind: PlaceKind
    name: str
    rows: tuple[int, ...] = ()
    borough: str = ""  # of the municipality, where only that was named


@dataclass(frozen=True, slots=True)
class Mention:
    """A place named by the words ``first`` to ``last`` (exclusive) of a question."""

    place: Place
    first: int
    last: int


class Gazetteer:
    """A finder of the places in a question, which also knows the municipalities near each other.

    ``ordinary`` are collections of folded words or German stems that are no bent or misspelt places: those of the
    corpus and the vocabulary. The stop words of the three languages are known anyway.
    """

    def __init__(self, municipalities: Iterable[Municipality], *, ordinary: Iterable[Container[str]] = ()) -> None:
        self.municipalities = tuple(municipalities)
        self._ordinary: tuple[Container[str], ...] = (_STOP, *ordinary)
        self._places: dict[str, Place] = {}
        self._add_states()
        self._add_municipalities()
        self._add_elsewhere()
        self._first_words = {name.split(" ", 1)[0] for name in self._places if " " in name}
        self._corrector = Corrector(
            name
            for name, place in self._places.items()
            if " " not in name and name not in ORDINARY_NAMES and place.kind is not PlaceKind.ELSEWHERE
        )

    def beside(self, *ordinary: Container[str]) -> Gazetteer:
        """Return the same places with more ordinary words."""
        other = copy(self)
        other._ordinary = (*self._ordinary, *ordinary)  # noqa: SLF001 - a copy of its own
        return other

    def including(self, names: Iterable[str]) -> Gazetteer:
        """Return a gazetteer that also finds places that projects name and no municipality record has."""
        unknown = sorted({name for name in names if name[:1].isupper() and not self.rows_named(name)})
        places = [name for name in unknown if folded_name(name) and folded_name(name) not in NOWHERE]
        if not places:
            return self
        more = (Municipality(id=f"name:{folded_name(name)}", name=name) for name in places)
        return Gazetteer((*self.municipalities, *more), ordinary=self._ordinary[1:])

    def _is_ordinary(self, word: str) -> bool:
        stemmed = stem(word, "de")
        return any(word in known or stemmed in known for known in self._ordinary)

    # ------------------------------------------------------------------------------------------------- names

    def _add_states(self) -> None:
        for state, names in STATES.items():
            for name in (state, *names):
                self._places.setdefault(folded_name(name), Place(PlaceKind.STATE, state))

    def _add_municipalities(self) -> None:
        rows: dict[str, list[int]] = {}
        short: dict[str, list[int]] = {}
        for row, municipality in enumerate(self.municipalities):
            if municipality.kind.casefold() == "land" and municipality.name not in CITY_STATES:
                self._add_state_record(municipality)
                continue
            own = {folded_name(name) for name in (municipality.name, *municipality.names)} - {""}
            for name in own:
                rows.setdefault(name, []).append(row)
            for name in set(short_forms((municipality.name, *municipality.names))) - own:
                short.setdefault(name, []).append(row)
        for names in (rows, short):
            for name, numbers in names.items():
                place = Place(PlaceKind.MUNICIPALITY, self.municipalities[numbers[0]].name, tuple(numbers))
                self._places.setdefault(name, place)
        if berlin := self._places.get("berlin"):
            for district in BERLIN_DISTRICTS:
                self._places.setdefault(folded_name(district), replace(berlin, borough=district))

    def _add_state_record(self, record: Municipality) -> None:
        state = record.state or record.name.removeprefix("Land ")
        for name in (record.name, *record.names):
            self._places.setdefault(folded_name(name), Place(PlaceKind.STATE, state))

    def _add_elsewhere(self) -> None:
        for line in elsewhere_lines():
            names = [name.strip() for name in line.split(";")]
            known = next((p for n in names if (p := self._places.get(folded_name(n)))), None)
            place = known or Place(PlaceKind.ELSEWHERE, names[0])
            for name in names:
                self._places.setdefault(folded_name(name), place)

    # ------------------------------------------------------------------------------------------------- finding

    def find(self, words: Sequence[Word], language: str = "") -> tuple[Mention, ...]:
        """Return the places named in a question, in order, without overlap; with a language, also unknown names."""
        mentions: list[Mention] = []
        lower = not any(word.capital for word in words)
        first = 0
        while first < len(words):
            mention = self._longest(words, first, lower) or self._unknown(words, first, language)
            if mention:
                mentions.append(mention)
            first = mention.last if mention else first + 1
        return tuple(mentions)

    def rows_named(self, name: str) -> tuple[int, ...]:
        """Return the municipalities of a record's own field: the full name, else every name in it ("A, B und C")."""
        if (place := self._places.get(folded_name(name))) and place.rows:
            return place.rows
        words, first = words_of(name), 0
        rows: list[int] = []
        while first < len(words):
            last, place = self._exact(words, first) or (first + 1, None)
            rows.extend(place.rows if place else ())
            first = last
        return tuple(dict.fromkeys(rows))

    def _longest(self, words: Sequence[Word], first: int, lower: bool) -> Mention | None:
        if (match := self._exact(words, first)) and self._credible(words, first, match[0], lower):
            return Mention(match[1], first, match[0])
        if words[first].folded in _STOP:
            return None
        if (match := self._bent(words, first)) and self._credible(words, first, match[0], lower):
            return Mention(match[1], first, match[0])
        if corrected := self._corrected(words, first, lower):
            return Mention(corrected, first, first + 1)
        return None

    def _unknown(self, words: Sequence[Word], first: int, language: str) -> Mention | None:
        last = unknown_name(words, first, language, self._is_ordinary)
        name = " ".join(word.text for word in words[first:last])
        return Mention(Place(PlaceKind.ELSEWHERE, name), first, last) if name else None

    def _exact(self, words: Sequence[Word], first: int) -> tuple[int, Place] | None:
        longest = _MAX_NAME_WORDS if words[first].folded in self._first_words else 1
        for last in range(min(len(words), first + longest), first, -1):
            if place := self._places.get(" ".join(word.folded for word in words[first:last])):
                return last, place
        return None

    def _bent(self, words: Sequence[Word], first: int) -> tuple[int, Place] | None:
        heads = (words[first].folded, *base_forms(words[first].folded))
        for head in heads:
            if head in self._first_words and (match := self._bent_phrase(words, first, head)):
                return match
        for head in heads[1:]:
            if (place := self._places.get(head)) and self._may_bend(words, first, head):
                return first + 1, place
        return None

    def _may_bend(self, words: Sequence[Word], first: int, name: str) -> bool:
        """Return whether a word may be bent; short or lower-case ones only after a preposition ("use" is not "USA")."""
        before = words[first - 1].folded if first else ""
        if ADJECTIVE.search(words[first].folded) and len(name) > _SHORT_NAME:
            return True
        if len(name) <= _SHORT_NAME or any(words[first].folded in known for known in self._ordinary):
            return words[first].capital and before in STRICT_PREPOSITIONS
        return words[first].capital or before in STRICT_PREPOSITIONS

    def _bent_phrase(self, words: Sequence[Word], first: int, head: str) -> tuple[int, Place] | None:
        """Return the place of several words, first and last bent: "Frankfurtu nad Odrą", "Zielonej Górze"."""
        for last in range(min(len(words), first + _MAX_NAME_WORDS), first + 1, -1):
            middle = [word.folded for word in words[first + 1 : last - 1]]
            tail = words[last - 1].folded
            for end in (tail, *base_forms(tail)):
                if place := self._places.get(" ".join((head, *middle, end))):
                    return last, place
        return None

    def _credible(self, words: Sequence[Word], first: int, last: int, lower: bool) -> bool:
        """Return whether the sentence means a place; only single words that are also ordinary are in doubt."""
        word = words[first]
        if last - first > 1 or (word.folded not in ORDINARY_NAMES and not self._doubtful_form(word)):
            return True
        before = words[first - 1].folded if first else ""
        following = words[last].text if last < len(words) else ""
        nearby = before == "von" and first > 1 and words[first - 2].folded in AFTER_VON
        return (word.capital or lower) and (nearby or before in STRICT_PREPOSITIONS) and not following.isdigit()

    def _doubtful_form(self, word: Word) -> bool:
        return word.folded not in self._places and any(base in ORDINARY_NAMES for base in base_forms(word.folded))

    def _corrected(self, words: Sequence[Word], first: int, lower: bool) -> Place | None:
        """Return a misspelt name, when the word is not ordinary and stands where a place may stand."""
        word = words[first]
        if self._is_ordinary(word.folded) or (not word.capital and not lower and first > 0):
            return None
        before = words[first - 1].folded if first else ""
        if before not in PLACE_PREPOSITIONS and len(word.folded) < _CORRECTED_ANYWHERE:
            return None
        name = self._corrector.correct(word.folded)
        if name is None or (before not in PLACE_PREPOSITIONS and len(name) < _CORRECTED_ANYWHERE + 1):
            return None
        return self._places[name]

    # ------------------------------------------------------------------------------------------------- geography

    @cached_property
    def _coordinates(self) -> npt.NDArray[np.float64]:
        """Return latitude and longitude in radians, one row per municipality; NaN where unknown."""
        degrees = [
            (m.latitude, m.longitude) if m.latitude is not None and m.longitude is not None else (np.nan, np.nan)
            for m in self.municipalities
        ]
        return np.radians(np.array(degrees, dtype=np.float64).reshape(-1, 2))

    @cached_property
    def _row_of_id(self) -> dict[str, int]:
        return {municipality.id: row for row, municipality in enumerate(self.municipalities)}

    def with_members(self, rows: Sequence[int]) -> tuple[int, ...]:
        """Return municipalities and, for districts, their members: official keys begin with the district's."""
        ids = [self.municipalities[row].id for row in rows]
        keys = tuple(key for key in ids if len(key.removeprefix("PL-")) <= _DISTRICT_KEY)
        members = (row for row, place in enumerate(self.municipalities) if place.id.startswith(keys)) if keys else ()
        return tuple(dict.fromkeys((*rows, *members)))

    def near(self, rows: Iterable[int]) -> dict[int, float]:
        """Return nearness 0 … 1 by row, of municipalities within ``NEAR_KM`` of ``rows`` or named as neighbours."""
        nearness: dict[int, float] = {}
        for row in rows:
            km = self._distances(row)
            for other in np.flatnonzero(km <= NEAR_KM):
                nearness[int(other)] = max(nearness.get(int(other), 0.0), 1.0 - 0.9 * float(km[other]) / NEAR_KM)
            for neighbour in self.municipalities[row].neighbours:
                if (beside := self._row_of_id.get(neighbour)) is not None:
                    nearness[beside] = max(nearness.get(beside, 0.0), _NEIGHBOUR)
        return nearness

    def _distances(self, row: int) -> npt.NDArray[np.float64]:
        """Return great-circle distances in km (haversine) from one municipality to all; infinite where unknown."""
        here, all_ = self._coordinates[row], self._coordinates
        half = np.sin((all_ - here) / 2.0) ** 2
        chord = half[:, 0] + np.cos(here[0]) * np.cos(all_[:, 0]) * half[:, 1]
        km = 2.0 * _EARTH_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0)))
        known: npt.NDArray[np.float64] = np.nan_to_num(km, nan=np.inf)
        return known
