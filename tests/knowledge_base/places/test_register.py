"""The register of places: what it holds, and that its stored names are those that questions are compared with."""

from __future__ import annotations

from importlib.resources import files

from knowledge_base.places.register import register
from knowledge_base.places.words import folded_name

BYTES = 400_000


def test_register_holds_municipalities_districts_and_polish_places() -> None:
    keys = [place.id for place in register().places]
    assert sum(len(key) == 8 for key in keys) == 10_775
    assert sum(len(key) == 5 for key in keys) == 294
    assert sum(key.startswith("PL-") for key in keys) > 450
    assert len(keys) == len(set(keys))


def test_every_place_is_found_by_its_own_name() -> None:
    known = register()
    missing = [place.name for row, place in enumerate(known.places) if row not in known.full[folded_name(place.name)]]
    assert missing == []


def test_city_that_is_its_own_district_is_one_place() -> None:
    assert not {"12052", "09464"} & {place.id for place in register().places}


def test_most_populous_place_of_a_name_comes_first() -> None:
    known = register()
    hamm = [known.places[row].population or 0 for row in known.full["hamm"]]
    assert hamm == sorted(hamm, reverse=True)
    assert hamm[0] > 100_000


def test_districts_are_found_as_people_call_them() -> None:
    known = register()
    for name in (
        "Landkreis Teltow-Fläming",
        "Teltow-Fläming",
        "Kreis Olpe",
        "Landkreis Olpe",
        "Uckermark",
        "LK Barnim",
    ):
        rows = {**known.short, **known.full}[folded_name(name)]
        assert len(known.places[rows[0]].id) == 5


def test_parts_of_polish_cities_are_no_places() -> None:
    assert not {"srodmiescie", "krzyki", "psie pole"} & {*register().full, *register().short}


def test_register_is_a_small_file() -> None:
    assert len(files("knowledge_base.places").joinpath("places.tsv.xz").read_bytes()) < BYTES
