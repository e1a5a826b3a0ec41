"""Places by their names: records of the knowledge base first, then well-known places elsewhere, then the register."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

from knowledge_base.model import Municipality
from knowledge_base.places.ordinary import ordinary_words
from knowledge_base.places.place_names import CITY_STATES, lines_of, short_forms
from knowledge_base.places.register import LARGE_TOWN, Rows, register
from knowledge_base.places.states import BERLIN_DISTRICTS, STATES
from knowledge_base.places.words import folded_name

_DISTRICT_KEY = 5  # digits
_LARGEST = 6.0  # decimal logarithm of the inhabitants of a place of size 1


class PlaceKind(Enum):
    MUNICIPALITY = "municipality"
    STATE = "state"
    ELSEWHERE = "elsewhere"  # in neither the knowledge base nor the register


@dataclass(frozen=True, slots=True)
class Place:
    """The meaning of a name: ``rows`` are the gazetteer's municipalities of that name, empty for other kinds."""

    kind: PlaceKind
    name: str  # in full: "Frankfurt (Oder)"; with its district where several places have the same full name
    rows: Rows = ()
    borough: str = ""  # of the municipality, where only that was named
    others: Rows = ()  # other places of the name, which it may mean instead


class Names:
    """Places by folded name. A record of the knowledge base replaces the row of the register with its key."""

    def __init__(self, records: Sequence[Municipality]) -> None:
        known = register()
        replaced = _replaced(records, known.places)
        kept = [row for row in range(len(known.places)) if row not in replaced]
        self.municipalities = (*records, *(known.places[row] for row in kept))
        self.records = len(records)
        self._row = {**{row: len(records) + number for number, row in enumerate(kept)}, **replaced}
        self.told: dict[str, Place] = {}
        self._from_register: dict[str, Place] = {}
        self._add_states()
        self._add_records(records)
        self._add_lists()
        self.known = {*known.full, *known.short, *self.told}
        self.first_words = known.first_words | {name.split(" ", 1)[0] for name in self.told if " " in name}
        self.starts = self.known | self.first_words

    def get(self, name: str) -> Place | None:
        """Return the place of a folded name."""
        if found := self.told.get(name):
            return found
        if found := self._from_register.get(name):
            return found
        if found := self._registered(name):
            self._from_register[name] = found
        return found

    def size(self, place: Place) -> float:
        """Return the size of a place from 0 to 1; one of the knowledge base or elsewhere has 1."""
        if not place.rows or place.rows[0] < self.records:
            return 1.0
        return min(1.0, math.log10(self.municipalities[place.rows[0]].population or 1) / _LARGEST)

    def is_region(self, place: Place) -> bool:
        """Return whether a place is a district, or a region or country elsewhere."""
        districts = (_is_district(self.municipalities[row]) for row in place.rows[:1])
        return place.kind is PlaceKind.ELSEWHERE or any(districts)

    @cached_property
    def to_correct(self) -> Iterable[str]:
        """Return the names of one word that mistyped words may mean."""
        told = (name for name, place in self.told.items() if place.kind is not PlaceKind.ELSEWHERE)
        single = {name for name in (*told, *register().large) if " " not in name}
        return sorted(single - ordinary_words().keys())

    def _registered(self, name: str) -> Place | None:
        known = register()
        full, short = known.full.get(name, ()), known.short.get(name, ())
        if not full and not short:
            return None
        large = [row for row in short if _is_large_town(known.places[row])]  # Halle (Saale) goes before Halle
        first = sorted((*full, *large), key=lambda row: -(known.places[row].population or 0))
        rows = tuple(dict.fromkeys(self._row[row] for row in (*first, *short)))
        return self.chosen(rows[0], rows)

    def chosen(self, row: int, rows: Rows) -> Place:
        """Return the place that is one of several with a name, called by its district if they have one full name."""
        likely = self.municipalities[row]
        several = sum(self.municipalities[other].name == likely.name for other in rows) > 1 and row >= self.records
        region = self._region(likely)
        title = f"{likely.name} ({region})" if several and region != likely.name else likely.name
        return Place(PlaceKind.MUNICIPALITY, title, (row,), others=tuple(other for other in rows if other != row))

    def _region(self, municipality: Municipality) -> str:
        """Return the district of a municipality, or its state if it is its own district."""
        row = self.row_of_id.get(municipality.id[:_DISTRICT_KEY])
        return municipality.state if row is None else self.municipalities[row].name

    @cached_property
    def row_of_id(self) -> Mapping[str, int]:
        return {municipality.id: row for row, municipality in enumerate(self.municipalities)}

    def _add_states(self) -> None:
        for state, names in STATES.items():
            for name in (state, *names):
                self.told.setdefault(folded_name(name), Place(PlaceKind.STATE, state))

    def _add_records(self, records: Sequence[Municipality]) -> None:
        rows: dict[str, list[int]] = {}
        short: dict[str, list[int]] = {}
        for row, municipality in enumerate(records):
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
                if name not in self.told:
                    self.told[name] = self._recorded(name, tuple(numbers))
        if berlin := self.get("berlin"):
            for district in BERLIN_DISTRICTS:
                self.told.setdefault(folded_name(district), replace(berlin, borough=district))

    def _recorded(self, name: str, rows: Rows) -> Place:
        """Return the place of a record's name; "Hof" is the town and, if the record is of it, the district."""
        town = self._registered(name)
        district = _is_district(self.municipalities[rows[0]])
        if district and town and town.rows[0] not in rows and name in register().full:
            return replace(town, rows=(*town.rows, *rows))
        others = tuple(row for row in ((*town.rows, *town.others) if town else ()) if row not in rows)
        return Place(PlaceKind.MUNICIPALITY, self.municipalities[rows[0]].name, rows, others=others)

    def _add_state_record(self, record: Municipality) -> None:
        state = record.state or record.name.removeprefix("Land ")
        for name in (record.name, *record.names):
            self.told.setdefault(folded_name(name), Place(PlaceKind.STATE, state))

    def _add_lists(self) -> None:
        for line in (*lines_of("other_names.txt"), *lines_of("elsewhere.txt")):
            names = [folded_name(name) for name in line.split(";")]
            told = next((place for name in names if (place := self.told.get(name))), None)
            elsewhere = Place(PlaceKind.ELSEWHERE, line.split(";")[0].strip())
            place = told or (self._registered(names[0]) if line in lines_of("other_names.txt") else None) or elsewhere
            for name in names:
                self.told.setdefault(name, place)


def _is_district(place: Municipality) -> bool:
    return len(place.id) == _DISTRICT_KEY and place.id.isdigit()


def _is_large_town(place: Municipality) -> bool:
    return not _is_district(place) and (place.population or 0) >= LARGE_TOWN


def _replaced(records: Sequence[Municipality], places: Sequence[Municipality]) -> dict[int, int]:
    """Return the record's number by the row of the register that it replaces: by key, in Poland by name and region."""
    by_key = {record.id: number for number, record in enumerate(records)}
    polish = {(record.id[:5], record.name): number for number, record in enumerate(records) if record.country == "PL"}
    rows = {}
    for row, place in enumerate(places):
        key = (place.id[:5], place.name)
        number = by_key.get(place.id) if place.country == "DE" else polish.get(key)
        if number is None and place.id.endswith("000"):
            number = by_key.get(place.id[:_DISTRICT_KEY])
        if number is not None:
            rows[row] = number
    return rows
