"""All hits of an answer in brief: towns, how many projects, and what the places named have."""

from __future__ import annotations

import asyncio

import pytest

from knowledge_base.model import Answer, Municipality, Project, Town
from knowledge_base.search.engine import Search
from tests.fake_embedder import HashEmbedder
from tests.knowledge_base.search.bundled import search_over

ROUND = "MPSC 1. Staffel 2019"
PLACES = [
    Municipality(id="1", name="Aburg", state="Brandenburg", population=4_000),
    Municipality(id="2", name="Bstadt", state="Brandenburg", population=90_000),
    Municipality(id="3", name="Czentrum", state="Sachsen", population=900_000),
    Municipality(id="4", name="Dheim", state="Sachsen", population=9_000),
]
MODEL = {"kind": "Modellprojekt", "funding_round": ROUND}
PROJECTS = [
    Project(id="a-bus", title="Rufbus", text="Ein Bus fährt nach Bedarf.", municipality="Aburg", topics=("ÖPNV",)),
    Project(id="joint-bus", title="Nachtbus", text="Ein Bus fährt nachts.", municipality="Aburg / Czentrum",
            members=("Aburg", "Czentrum"), topics=("ÖPNV",)),
    Project(id="b-model", title="Smart City Bstadt", text="Bstadt hat eine Datenplattform.", municipality="Bstadt",
            state="Brandenburg", topics=("Daten",), **MODEL),
    Project(id="b-thin", title="Modellprojekt Bstadt", text="Ausgewählt.", municipality="Bstadt", state="Brandenburg",
            extra={"same_as": "b-model"}, **MODEL),
    Project(id="d-thin", title="Modellprojekt Dheim", text="Ausgewählt.", municipality="Dheim",
            state="Sachsen", **MODEL),
    Project(id="b-lab", title="Labor", text="Eine Maßnahme.", municipality="Bstadt", kind="Maßnahme",
            state="Brandenburg", topics=("Daten",), funding_round=ROUND),
]  # fmt: skip


@pytest.fixture(scope="module")
def search() -> Search:
    return asyncio.run(search_over(HashEmbedder(), PROJECTS, places=PLACES))


async def asked(search: Search, question: str, limit: int = 5) -> Answer:
    return (await search.ask(question, language="de", limit=limit)).answer


async def test_towns_are_counted_over_all_hits_and_members_count_as_towns(search: Search) -> None:
    overview = (await asked(search, "Bus", limit=1)).overview
    assert set(overview.towns) == {Town("Aburg", "Brandenburg", 2), Town("Czentrum", "Sachsen", 1)}
    assert overview.projects == 2


async def test_list_of_a_round_counts_model_projects_once_and_no_measures(search: Search) -> None:
    overview = (await asked(search, "Welche Städte sind in Staffel 1?")).overview
    assert overview.models
    assert overview.projects == 2
    assert {town.name: town.projects for town in overview.towns} == {"Bstadt": 1, "Dheim": 1}


async def test_subject_within_a_round_counts_its_measures(search: Search) -> None:
    answer = await asked(search, "Datenplattform und Labor in Staffel 1")
    assert not answer.overview.models
    assert answer.overview.projects == answer.total


async def test_partner_in_another_state_is_left_out_when_a_state_is_named(search: Search) -> None:
    overview = (await asked(search, "Bus in Brandenburg")).overview
    assert [town.name for town in overview.towns] == ["Aburg"]


async def test_places_named_tell_what_else_is_known_of_them(search: Search) -> None:
    places = {place.name: place for place in (await asked(search, "Bus in Aburg oder Bstadt")).places}
    assert places["Aburg"].hits == {"a-bus", "joint-bus"}
    assert (places["Bstadt"].hits, places["Bstadt"].others, places["Bstadt"].rounds) == (frozenset(), 2, ())


async def test_place_with_nothing_but_a_name_and_a_round_tells_its_round(search: Search) -> None:
    (place,) = (await asked(search, "Was macht Dheim?")).places
    assert (place.name, place.others, place.rounds) == ("Dheim", 0, (ROUND,))


async def test_page_of_several_places_begins_with_the_best_of_each(search: Search) -> None:
    answer = await asked(search, "Was machen Aburg und Bstadt?", limit=2)
    assert {hit.project.municipality.split(" /")[0] for hit in answer.hits} == {"Aburg", "Bstadt"}


async def test_hits_that_miss_one_condition_are_near_and_name_it(search: Search) -> None:
    answer = await asked(search, "Rufbus nach Bedarf aus Staffel 1")
    assert not answer.answered
    assert answer.missed == ("rounds",)
    assert answer.near[0].project.id == "a-bus"
    assert all(hit.elsewhere for hit in answer.near)
    assert not answer.hits


async def test_sure_answer_misses_nothing(search: Search) -> None:
    assert (await asked(search, "Rufbus nach Bedarf in Aburg")).missed == ()


async def test_hits_of_other_places_meet_all_other_conditions(search: Search) -> None:
    answer = await asked(search, "Welcher Rufbus fährt nach Bedarf aus Staffel 1 in Czentrum?")
    assert [hit.project.id for hit in answer.near if hit.elsewhere] == ["joint-bus"]  # without the round
    assert answer.missed == ("rounds",)
