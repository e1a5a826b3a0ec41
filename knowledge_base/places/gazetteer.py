"""The places that a question may name: municipalities, districts, states, and well-known places elsewhere.

Names are looked up exactly first, then bent ("Potsdamer", "w Poczdamie"), then misspelt ("Cotbus"), longest first.
``context.py`` decides whether the sentence means a place by a word that has another meaning.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

from knowledge_base.language.tokens import STOP_WORDS, stem
from knowledge_base.model import Municipality
from knowledge_base.places.context import Spot, means_place
from knowledge_base.places.geography import NEAR_KM, Geography
from knowledge_base.places.inflection import base_forms
from knowledge_base.places.names import Names, Place, PlaceKind
from knowledge_base.places.ordinary import NONE, frequency, ordinary_words, spelt_words
from knowledge_base.places.place_names import ADJECTIVE, NOWHERE, PLACE_PREPOSITIONS, STRICT_PREPOSITIONS
from knowledge_base.places.register import LARGE_TOWN
from knowledge_base.places.states import NEIGHBOUR_COUNTRY
from knowledge_base.places.typos import Corrector
from knowledge_base.places.unknown_places import unknown_name
from knowledge_base.places.words import Word, fold, folded_name, words_of

__all__ = ["NEAR_KM", "Gazetteer", "Mention", "Place", "PlaceKind"]

_MAX_NAME_WORDS = 5
_SHORT_NAME = 4
_CORRECTED_ANYWHERE = 6  # letters of a misspelt name that needs no preposition before it

_HARDLY_ORDINARY = 2  # of 9

_STOP = frozenset(fold(word) for words in STOP_WORDS.values() for word in words)


@dataclass(frozen=True, slots=True)
class Mention:
    """A place named by the words ``first`` to ``last`` (exclusive) of a question."""

    place: Place
    first: int
    last: int


class Gazetteer:
    """A finder of the places in a question, which also knows the municipalities near each other.

    It knows the records given and the register of places; ``municipalities`` begins with the records. ``ordinary`` are
    collections of folded words or German stems that are no bent or misspelt places: those of the corpus and the
    vocabulary. The stop words of the three languages are known anyway.
    """

    def __init__(self, municipalities: Iterable[Municipality], *, ordinary: Iterable[Container[str]] = ()) -> None:
        self._records = tuple(municipalities)
        self._names = Names(self._records)
        self.municipalities = self._names.municipalities
        self._geography = Geography(self.municipalities)
        self._ordinary: tuple[Container[str], ...] = (_STOP, ordinary_words(), *ordinary)

    @cached_property
    def _corrector(self) -> Corrector:
        return Corrector(self._names.to_correct)

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
        return Gazetteer((*self._records, *more), ordinary=self._ordinary[2:])

    def _is_ordinary(self, word: str) -> bool:
        stemmed = stem(word, "de")
        return any(word in known or stemmed in known for known in self._ordinary)

    # ------------------------------------------------------------------------------------------------- finding

    def find(self, words: Sequence[Word], language: str = "") -> tuple[Mention, ...]:
        """Return the places named in a question, in order, without overlap; with a language, also unknown names."""
        mentions: list[Mention] = []
        lower = not any(word.capital for word in words)
        first = 0
        while first < len(words):
            named = mentions[-1].last - 1 if mentions else -1
            mention = self._longest(words, first, language, lower, named) or self._unknown(words, first, language)
            if mention:
                mentions.append(mention)
            first = mention.last if mention else first + 1
        return self._told_apart(mentions)

    def rows_named(self, name: str) -> tuple[int, ...]:
        """Return the municipalities of a record's own field: the full name, else every name in it ("A, B und C")."""
        if (place := self._names.get(folded_name(name))) and place.rows:
            return place.rows
        words, first = words_of(name), 0
        rows: list[int] = []
        while first < len(words):
            last, place = self._exact(words, first) or (first + 1, None)
            if place and not self._is_common(words, first, last, place):
                rows.extend(place.rows)
            first = last
        return tuple(dict.fromkeys(rows))

    def namesakes(self, name: str) -> tuple[int, ...]:
        """Return all municipalities that a name may mean, the likely one first; only those with a record if any has."""
        place = self._names.get(folded_name(name))
        if place is None or self._is_recorded(place):
            return place.rows if place else ()
        return (*place.rows, *place.others)

    def _is_common(self, words: Sequence[Word], first: int, last: int, place: Place) -> bool:
        """Return whether a word of a longer name only equals the name of a place that no record has."""
        return not self._is_recorded(place) and last - first == 1 and words[first].folded in ordinary_words()

    def _longest(self, words: Sequence[Word], first: int, language: str, lower: bool, named: int) -> Mention | None:
        if (match := self._exact(words, first)) and self._meant(words, first, match, language, named):
            return Mention(match[1], first, match[0])
        if words[first].folded in _STOP:
            return None
        if (match := self._bent(words, first)) and self._meant(words, first, match, language, named):
            return Mention(match[1], first, match[0])
        if corrected := self._corrected(words, first, lower):
            return Mention(corrected, first, first + 1)
        return None

    def _unknown(self, words: Sequence[Word], first: int, language: str) -> Mention | None:
        last = unknown_name(words, first, language, self._is_ordinary)
        name = " ".join(word.text for word in words[first:last])
        return Mention(Place(PlaceKind.ELSEWHERE, name), first, last) if name else None

    def _exact(self, words: Sequence[Word], first: int) -> tuple[int, Place] | None:
        longest = _MAX_NAME_WORDS if words[first].folded in self._names.first_words else 1
        for last in range(min(len(words), first + longest), first, -1):
            if place := self._names.get(" ".join([word.folded for word in words[first:last]])):
                return last, place
        return None

    def _meant(self, words: Sequence[Word], first: int, match: tuple[int, Place], language: str, named: int) -> bool:
        """Return whether the sentence means the place; names of several words mean nothing else.

        ``named`` is the last word of the place found before.
        """
        last, place = match
        if place.name == NEIGHBOUR_COUNTRY:  # "with partners from Poland", "polnische Partner" ask for no place
            return bool(first) and words[first - 1].folded in STRICT_PREPOSITIONS
        if last - first > 1:
            return words[first].capital or self._is_recorded(place) or not any(word.capital for word in words)
        if words[first].folded in _STOP and not first and len(words) > 1:  # "Ohne Thüringen" is not the village Ohne
            return False
        spot = Spot(words, first, last, self._names.size(place), self._names.is_region(place))

        def is_clear(number: int) -> bool:
            return number == named or self._is_clear(words, number)

        return means_place(spot, language, is_clear, self._is_name)

    def _is_name(self, word: str) -> bool:
        return any(name in self._names.known for name in (word, *base_forms(word)))

    def _is_clear(self, words: Sequence[Word], number: int) -> bool:
        """Return whether a place stands at a word that has no other meaning."""
        if not 0 <= number < len(words) or not words[number].capital:
            return False
        word = words[number].folded
        return self._names.get(word) is not None and frequency(word, "", noun_only=True) <= _HARDLY_ORDINARY

    # ------------------------------------------------------------------------------------------------- bent, misspelt

    def _bent(self, words: Sequence[Word], first: int) -> tuple[int, Place] | None:
        word = words[first].folded
        heads = [head for head in (word, *base_forms(word)) if head in self._names.starts]
        for head in heads:
            if head in self._names.first_words and (match := self._bent_phrase(words, first, head)):
                return match
        places = [place for head in heads if head != word and (place := self._may_bend(words, first, head))]
        return (first + 1, max(places, key=self._names.size)) if places else None

    def _may_bend(self, words: Sequence[Word], first: int, name: str) -> Place | None:
        """Return the place of a name if a word may be its bent form; short names, those of small towns and words in
        lower case only after a preposition ("use" is not "USA"). Other German and English words are bent names never.
        """
        word, place = words[first], self._names.get(name)
        noun, german, english, _ = ordinary_words().get(word.folded, NONE)
        if place is None or noun or german or english:
            return None
        large = self._is_recorded(place) or any(
            (self.municipalities[row].population or 0) >= LARGE_TOWN for row in place.rows
        )
        long = len(name) > _SHORT_NAME
        if large and ((long and ADJECTIVE.search(word.folded)) or (place.rows and word.folded == f"{name}er")):
            return place
        strictly = bool(first) and words[first - 1].folded in STRICT_PREPOSITIONS
        either = large and long and not self._is_told(word.folded)
        return place if (word.capital or strictly if either else word.capital and strictly) else None

    def _is_told(self, word: str) -> bool:
        """Return whether a word is a stop word, or one of the corpus or the vocabulary."""
        return any(word in known for known in self._ordinary if known is not ordinary_words())

    def _is_recorded(self, place: Place) -> bool:
        """Return whether a place is no place of the register: a state, elsewhere, or with a record."""
        return not place.rows or place.rows[0] < len(self._records)

    def _bent_phrase(self, words: Sequence[Word], first: int, head: str) -> tuple[int, Place] | None:
        """Return the place of several words, first and last bent: "Frankfurtu nad Odrą", "Zielonej Górze"."""
        for last in range(min(len(words), first + _MAX_NAME_WORDS), first + 1, -1):
            middle = [word.folded for word in words[first + 1 : last - 1]]
            tail = words[last - 1].folded
            for end in (tail, *base_forms(tail)):
                if place := self._names.get(" ".join((head, *middle, end))):
                    return last, place
        return None

    def _corrected(self, words: Sequence[Word], first: int, lower: bool) -> Place | None:
        """Return a misspelt name, when the word is not ordinary and stands where a place may stand."""
        word = words[first]
        if (
            word.folded in self._names.known
            or word.folded in spelt_words()
            or self._is_ordinary(word.folded)
            or (not word.capital and not lower and first > 0)
        ):
            return None
        before = words[first - 1].folded if first else ""
        if before not in PLACE_PREPOSITIONS and len(word.folded) < _CORRECTED_ANYWHERE:
            return None
        name = self._corrector.correct(word.folded)
        if name is None or (before not in PLACE_PREPOSITIONS and len(name) < _CORRECTED_ANYWHERE + 1):
            return None
        place = self._names.get(name)
        return place if place and (self._is_recorded(place) or before in STRICT_PREPOSITIONS) else None

    # ------------------------------------------------------------------------------------------------- geography

    def _told_apart(self, mentions: Sequence[Mention]) -> tuple[Mention, ...]:
        """Return the mentions; of several places with one name, the one in a state or district also named."""
        if not any(mention.place.others for mention in mentions):
            return tuple(mentions)
        states = {mention.place.name for mention in mentions if mention.place.kind is PlaceKind.STATE}
        municipalities = [mention.place.rows for mention in mentions if mention.place.kind is PlaceKind.MUNICIPALITY]
        inside = {row for rows in municipalities for row in set(self.with_members(rows)) - set(rows)}
        if not states and not inside:
            return tuple(mentions)
        return tuple(replace(mention, place=self._likely(mention.place, states, inside)) for mention in mentions)

    def _likely(self, place: Place, states: Container[str], inside: Container[int]) -> Place:
        def named(row: int) -> bool:
            return self.municipalities[row].state in states or row in inside

        if not place.others or any(map(named, place.rows)):
            return place
        row = next(filter(named, place.others), None)
        return place if row is None else self._names.chosen(row, (*place.rows, *place.others))

    def with_members(self, rows: Sequence[int]) -> tuple[int, ...]:
        """Return municipalities and, for districts and states, their members."""
        return self._geography.with_members(rows)

    def near(self, rows: Iterable[int]) -> dict[int, float]:
        """Return nearness 0 … 1 by row, of municipalities near ``rows`` or named as neighbours."""
        return self._geography.near(rows)
