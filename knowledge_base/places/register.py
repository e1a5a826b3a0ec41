"""The register of places: all German municipalities and districts, and places of western Poland (``places.tsv.xz``).

``tools/make_places.py`` makes the file. README.md in this folder names sources and licences.
"""

from __future__ import annotations

import lzma
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from knowledge_base.model import Municipality
from knowledge_base.places.states import STATE_OF_KEY

LARGE_TOWN = 20_000  # inhabitants: smaller places are not guessed from mistyped words

Rows = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Register:
    """Places in the order of their keys, and their rows by folded name, the most populous first."""

    places: tuple[Municipality, ...]
    full: Mapping[str, Rows]
    short: Mapping[str, Rows]  # "Halle" for "Halle (Saale)"
    first_words: frozenset[str]  # of names with several words
    large: tuple[str, ...]  # names of large towns, of one word each


@cache
def register() -> Register:
    """Return the register, read once per process."""
    text = lzma.decompress(files(__package__).joinpath("places.tsv.xz").read_bytes()).decode()
    places: list[Municipality] = []
    full: dict[str, list[int]] = {}
    short: dict[str, list[int]] = {}
    for row, line in enumerate(text.splitlines()):
        place, names, weak = _read(line)
        places.append(place)
        for name in names:
            full.setdefault(name, []).append(row)
        for name in weak:
            short.setdefault(name, []).append(row)
    population = [place.population or 0 for place in places]
    for table in (full, short):
        for rows in table.values():
            rows.sort(key=population.__getitem__, reverse=True)
    tables = [{name: tuple(rows) for name, rows in table.items()} for table in (full, short)]
    everyone = [name for table in tables for name in table]
    return Register(
        places=tuple(places),
        full=tables[0],
        short=tables[1],
        first_words=frozenset(name.split(" ", 1)[0] for name in everyone if " " in name),
        large=tuple(n for t in tables for n, rows in t.items() if " " not in n and population[rows[0]] >= LARGE_TOWN),
    )


def _read(line: str) -> tuple[Municipality, list[str], list[str]]:
    """Return the place of one line, its full names and its short ones."""
    key, name, kind, population, latitude, longitude, keys = line.split("\t")
    names, _, weak = keys.partition(";")
    polish = key.startswith("PL-")
    place = Municipality(
        id=key,
        name=name,
        state=STATE_OF_KEY[key[:5] if polish else key[:2]],
        country="PL" if polish else "DE",
        kind=kind,
        population=int(population),
        latitude=float(latitude) if latitude else None,
        longitude=float(longitude) if longitude else None,
    )
    return place, names.split("|"), weak.split("|") if weak else []
