"""The search reads years, size and kind from the free fields of records."""

from __future__ import annotations

from dataclasses import replace

import pytest

from knowledge_base.model import Municipality, Project
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search.record_facts import (
    NO_YEAR,
    OPEN_END,
    SMALL_TOWN,
    at_border,
    is_county,
    is_model_project,
    is_thin,
    round_of,
    same_as,
    smallness,
    topics_of,
    years_of,
)
from knowledge_base.vocabulary import bundled

PLAIN = Project(id="p", title="P", text="")


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("01/2021–2027", (2021, 2027)),
        ("seit 2022", (2022, OPEN_END)),
        ("ab 10/2023", (2023, OPEN_END)),
        ("bis Ende 2026", (2000, 2026)),
        ("2021", (2021, 2021)),
        ("02/2023–09/2025", (2023, 2025)),
        ("", (NO_YEAR, NO_YEAR)),
        ("bald", (NO_YEAR, NO_YEAR)),
    ],
)
def test_years_are_read_from_the_period_text(period: str, expected: tuple[int, int]) -> None:
    assert years_of(period) == expected


def test_record_of_a_model_project_without_topics_and_contact_is_thin() -> None:
    named = replace(PLAIN, kind="Modellprojekt Smart Cities")
    assert is_model_project(named)
    assert is_thin(named)
    assert not is_thin(replace(named, topics=("Mobilität",)))
    assert not is_thin(replace(named, contact_role="Amt"))
    assert not is_thin(PLAIN)
    assert same_as(replace(named, extra={"same_as": "other"})) == "other"


@pytest.mark.parametrize(("population", "expected"), [(0, 0.5), (5_000, 1.0), (SMALL_TOWN, 1.0), (SMALL_TOWN + 1, 0.0)])
def test_town_is_small_by_its_known_population(population: int, expected: float) -> None:
    known = Gazetteer([Municipality(id="x", name="Xdorf", state="Brandenburg", population=population)])
    assert smallness(PLAIN, known.rows_named("Xdorf"), known, bundled()) == expected


def test_topics_tell_whether_a_record_is_rural_or_at_the_border() -> None:
    known = Gazetteer([])
    assert smallness(replace(PLAIN, topics=(bundled().label("rural", "de"),)), (), known, bundled()) == 1.0
    assert at_border(replace(PLAIN, topics=(bundled().label("cross-border", "de"),)), bundled())
    assert not at_border(PLAIN, bundled())


def test_county_is_known_by_the_kind_of_its_municipality() -> None:
    county = Municipality(id="k", name="Landkreis X", state="Brandenburg", kind="Landkreis")
    known = Gazetteer([county, Municipality(id="x", name="Xdorf", state="Brandenburg")])
    assert is_county(known.rows_named("Landkreis X"), known)
    assert not is_county(known.rows_named("Xdorf"), known)


def test_unknown_round_keeps_the_name_that_the_record_writes() -> None:
    assert round_of(replace(PLAIN, funding_round="Eigener Fonds 7"), bundled()) == "Eigener Fonds 7"
    assert round_of(replace(PLAIN, funding_round="MPSC 3. Staffel 2021"), bundled()) == "MPSC 3. Staffel 2021"


def test_topics_are_those_of_the_record_and_all_wider_ones_with_their_share() -> None:
    shares = topics_of(replace(PLAIN, topics=("public-transport", "energy", "something of its own")), bundled())
    assert shares["mobility"] == shares["public-transport"] == pytest.approx(1 / 3)
    assert topics_of(PLAIN, bundled()) == {}
