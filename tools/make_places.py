# ruff: noqa: T201 - a tool that prints its figures
"""Make ``knowledge_base/places/places.tsv.xz``, the register of places, from three tables.

``python -m tools.make_places GEMEINDEN KREISE POLISH_PLACES`` reads:

- the German municipalities (columns ags, name, kind, population, lat, lon) and districts (key, name) of the Federal
  Statistical Office (Destatis, Datenlizenz Deutschland Namensnennung 2.0); coordinates of GeoNames (CC BY 4.0);
- the Polish places (columns geonameid, name, voivodeship, population, lat, lon) of GeoNames (CC BY 4.0).

The lines of the result are sorted by key. Their columns are key, name, kind, population, latitude, longitude, and the
folded names by which a question may name the place, full ones before short ones. The same input makes the same bytes.
"""

from __future__ import annotations

import csv
import lzma
import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from knowledge_base.places.place_names import short_forms  # noqa: E402
from knowledge_base.places.words import folded_name  # noqa: E402

RESULT = ROOT / "knowledge_base" / "places" / "places.tsv.xz"
SUBURB_KM = 8.0  # a Polish place nearer to a city is taken for a part of it: GeoNames lists "Śródmieście" as a place
CITY = 100_000
KREIS_STATES = ("01", "05")  # Schleswig-Holstein and North Rhine-Westphalia say "Kreis", the others "Landkreis"
VOIVODESHIPS = {"dolnośląskie": "02", "lubuskie": "08", "zachodniopomorskie": "32"}
ABBREVIATED = (
    (r"\bHann\. ", "Hannoversch "),
    (r"\bSt\. ", "Sankt "),
    (r" a\.d\.", " an der "),
    (r" v\.d\.", " vor der "),
    (r" b\.(?=\w)", " bei "),
    (r" a\.(?=[A-ZÄÖÜ])", " am "),
    (r" i\.d\.", " in der "),
    (r"\bi\.(?=[A-Z])", "in "),
    (r"OPf\.?$", "Oberpfalz"),
    (r"([OUM])Fr\.?$", lambda match: {"O": "Ober", "U": "Unter", "M": "Mittel"}[match.group(1)] + "franken"),
    (r"(?<= )([ON])B$", lambda match: {"O": "Ober", "N": "Nieder"}[match.group(1)] + "bayern"),
    (r"Bay\.$", "Bayern"),
)  # fmt: skipSAID_IN_FULL = re.compile(r" (?:b|a|a\.d|v\.d)\.(?=[A-ZÄÖÜ])")
SAID_IN_FULL = re.compile(r" (?:b|a|a\.d|v\.d)\.(?=[A-ZÄÖÜ])")

Row = tuple[str, str, str, str, str, str, str]


def expanded(name: str) -> str:
    """Return a name without abbreviations: "Altdorf b.Nürnberg" is "Altdorf bei Nürnberg"."""
    for short, long in ABBREVIATED:
        name = re.sub(short, long, name)
    return name


def names_of(name: str, *others: str) -> str:
    """Return the folded names, full ones first; "Cottbus/Chóśebuz" also as both alone."""
    full = [name, *others, expanded(name), *(name.split(" / ") if " / " in name else ())]
    if match := re.fullmatch(r"(.+) \((.+)\)", name):
        full += [f"{match[1]} {word} {match[2]}" for word in ("an der", "am", "in der", "in")]
    short = [*short_forms(full), *(short for part in full for short in short_forms([part.split("/")[0]]))]
    keys = dict.fromkeys(filter(None, map(folded_name, full)))
    weak = [key for key in dict.fromkeys(short) if key not in keys]
    return "|".join(keys) + (";" + "|".join(weak) if weak else "")


def read(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def municipalities(path: str) -> Iterator[Row]:
    for row in read(path):
        name = expanded(row["name"]) if SAID_IN_FULL.search(row["name"]) else row["name"]
        yield row["ags"], name, row["kind"], row["population"], row["lat"], row["lon"], names_of(name, row["name"])


def districts(path: str, members: list[Row]) -> Iterator[Row]:
    """Yield the districts without the cities that are their own district: one place is one row."""
    cities = {key[:5] for key, *_ in members if key.endswith("000")}
    for row in read(path):
        key, bare = row["key"], row["name"]
        if key in cities:
            continue
        whole = bool(re.search(r"kreis|^(?:Region|Regionalverband|Städteregion) ", bare, re.IGNORECASE))
        kind = "Kreis" if key.startswith(KREIS_STATES) else "Landkreis"
        name = bare if whole else f"{kind} {bare}"
        inside = [(int(m[3]), float(m[4]), float(m[5])) for m in members if m[0].startswith(key) and m[4]]
        weight = sum(people for people, _, _ in inside)
        middle = [str(round(sum(member[0] * member[n] for member in inside) / weight, 3)) for n in (1, 2)]
        people = sum(int(member[3]) for member in members if member[0].startswith(key))
        said = [f"{word} {bare}" for word in ("Landkreis", "Kreis", "LK", "district of", "county of", "powiat")]
        yield key, name, kind, str(people), *middle, names_of(name, *said)


def polish_places(path: str) -> Iterator[Row]:
    rows = [row for row in read(path) if row["population"] != "0"]
    cities = [row for row in rows if int(row["population"]) >= CITY]
    for row in rows:
        if any(row is not city and kilometres(row, city) < SUBURB_KM for city in cities):
            continue
        key = f"PL-{VOIVODESHIPS[row['voivodeship']]}-{row['geonameid']}"
        kind = "miejscowość"
        yield key, row["name"], kind, row["population"], row["lat"][:7], row["lon"][:7], names_of(row["name"])


def kilometres(one: dict[str, str], other: dict[str, str]) -> float:
    north = float(one["lat"]) - float(other["lat"])
    east = (float(one["lon"]) - float(other["lon"])) * math.cos(math.radians(float(one["lat"])))
    return 111.2 * math.hypot(north, east)


def main(gemeinden: str, kreise: str, polish: str) -> None:
    towns = list(municipalities(gemeinden))
    rows = sorted([*towns, *districts(kreise, towns), *polish_places(polish)])
    text = "".join("\t".join(row) + "\n" for row in rows)
    RESULT.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(rows)} places, {RESULT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
