"""A named place limits the answer: projects of other places are suggested as such and are never an answer."""

from __future__ import annotations

import asyncio

import pytest

from knowledge_base.embedding.port import Embedder
from knowledge_base.model import Answer
from knowledge_base.search.engine import Search
from tests.knowledge_base.search.bundled import gazetteer, search_over_the_old_bundle


@pytest.fixture(scope="module")
def search(e5: Embedder) -> Search:
    """The old bundle, because there few places have the topic asked for."""
    return asyncio.run(search_over_the_old_bundle(e5))


async def answer(search: Search, question: str, *before: str) -> Answer:
    previous = None
    for text in before:
        previous = search.read(text, previous=previous)
    return (await search.ask(question, previous=previous)).answer


def places(result: Answer) -> set[str]:
    return {hit.project.municipality for hit in result.hits}


@pytest.mark.parametrize(
    "question",
    [
        "Wer hat in Cottbus was gegen Hitze gemacht?",
        "Was macht Chóśebuz gegen Hitze?",
        "Ma Chociebuż rejestr drzew?",
        "Cottbuser Hitzeaktionsplan",
        "Hitzeaktionsplan Stadt Guben",
        "Hitzeschutz in Guben oder Cottbus",
        "Was tut der Landkreis Spree-Neiße gegen Hitze?",
        "heat protection in Saxony",
        "Saksonia: chłodne miejsca na upały",
        "Wer hat in Polen was gegen Hitze gemacht?",
        "Kühle Orte gegen Hitze in Wien",
        "Wer hat in Kleinkleckersdorf was gegen Hitze gemacht?",
        "Did Little Snoring do anything? Who in Swindon has done something against heat?",
        "Kto w Pcimiu zrobił coś przeciw upałom?",
        "Was machen wir in Cottbus gegen Hitze?",
        "Hitze außer in Potsdam und Berlin",
    ],
)
async def test_search_suggests_projects_of_other_places_when_the_named_place_has_none(
    search: Search, question: str
) -> None:
    found = await answer(search, question)
    assert (found.answered, found.hits, found.total) == (False, (), 0)
    if "außer" not in question:
        assert found.near[0].elsewhere
        assert found.near[0].project.municipality in {"Potsdam", "Berlin"}


async def test_search_suggests_a_project_on_the_topic_from_a_different_place(search: Search) -> None:
    found = await answer(search, "Czy w Gubinie jest budżet obywatelski?")
    assert not found.answered
    assert (found.near[0].elsewhere, found.near[0].project.id) == (True, "bb-berlin-buergerhaushalt")


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("Wer hat in Potsdam was gegen Hitze gemacht?", {"Potsdam"}),
        ("Co robi się w Poczdamie przeciw upałom?", {"Potsdam"}),
        ("Cottbus: Energie in Schulen", {"Cottbus/Chóśebuz"}),
        ("Was macht Chóśebuz mit offenen Daten?", {"Cottbus/Chóśebuz"}),
        ("LoRaWAN in Potsdam oder Bad Belzig", {"Potsdam", "Bad Belzig / Wiesenburg/Mark"}),
        ("Hitze in Potsdam oder Cottbus", {"Potsdam"}),
        ("Wer hat in Brandenburg was gegen Hitze gemacht?", {"Potsdam"}),
        ("Hitzeschutz in Potsdam, Brandenburg", {"Potsdam"}),
        ("LoRaWAN im Landkreis Potsdam-Mittelmark", {"Bad Belzig / Wiesenburg/Mark"}),
        ("Wer hat außer Berlin was gegen Hitze gemacht?", {"Potsdam"}),
        ("Hitzeschutz, aber nicht in Brandenburg", {"Berlin"}),
        ("Was gibt es in Słubice zur gemeinsamen Innenstadt?", {"Frankfurt (Oder)"}),
    ],
)
async def test_hits_come_only_from_the_named_places(search: Search, question: str, expected: set[str]) -> None:
    found = await answer(search, question)
    assert found.answered
    assert places(found) == expected
    assert not any(hit.elsewhere for hit in found.hits)


async def test_question_about_a_state_covers_all_its_municipalities(search: Search) -> None:
    found = await answer(search, "Bürgerbeteiligung in Brandenburg")
    assert found.answered
    assert len(places(found)) > 1
    assert "Berlin" not in places(found)


@pytest.mark.parametrize(
    "question",
    [
        "Wir in Cottbus suchen Ideen gegen Hitze, wer hat so etwas?",
        "Bei uns in Cottbus ist es im Sommer zu heiß. Wer hat etwas gegen Hitze gemacht?",
        "Ich arbeite in Guben und suche Beispiele für Hitzeschutz",
        "Guben sucht Beispiele für Hitzeschutz",
        "Wir sind die Stadt Guben: wer hat etwas gegen Hitze gemacht?",
        "We in Cottbus are looking for heat protection, who has done that?",
        "I work for the city of Guben. Who has done something against heat?",
        "I'm from Guben. Who has done something against heat?",
        "We're in Guben. Who has done something against heat?",
        "Jesteśmy z Gubina, kto zrobił coś przeciw upałom?",
        "U nas w Chociebużu jest za gorąco, kto zrobił coś przeciw upałom?",
        "Hitzeschutz in der Nähe von Berlin",
    ],
)
async def test_place_of_the_asker_does_not_limit_the_hits(search: Search, question: str) -> None:
    found = await answer(search, question)
    assert found.answered
    assert "Potsdam" in places(found)
    assert not any(hit.elsewhere for hit in (*found.hits, *found.near))


@pytest.mark.parametrize(
    "question",
    [
        "Wer arbeitet mit Gemeinden in Polen zusammen?",
        "Zusammenarbeit mit unseren Nachbarn in Polen",
        "working with neighbours in Poland",
        "współpraca z partnerami w Polsce",
    ],
)
async def test_question_for_partners_in_poland_is_not_limited_to_poland(search: Search, question: str) -> None:
    found = await answer(search, question)
    assert found.answered
    assert not any(hit.elsewhere for hit in found.hits)
    assert places(found) & {"Frankfurt (Oder)", "Guben"}


async def test_question_for_projects_in_poland_is_limited_to_poland(search: Search) -> None:
    assert not (await answer(search, "Sensoren in Gemeinden in Polen")).answered


@pytest.mark.parametrize(
    ("question", "expected"),
    [("und in Potsdam?", {"Potsdam"}), ("a w Poczdamie?", {"Potsdam"})],
)
async def test_follow_up_question_moves_to_its_named_place(search: Search, question: str, expected: set[str]) -> None:
    found = await answer(search, question, "Wer hat in Cottbus was gegen Hitze gemacht?")
    assert found.answered
    assert places(found) == expected
    assert "Berlin" in {hit.project.municipality for hit in found.near if hit.elsewhere}


async def test_follow_up_to_a_place_without_such_a_project_is_not_sure(search: Search) -> None:
    found = await answer(search, "und in Cottbus?", "Wer hat was gegen Hitze gemacht?")
    assert not found.answered
    assert found.near[0].elsewhere


async def test_search_suggests_no_other_place_when_no_place_has_the_topic(search: Search) -> None:
    found = await answer(search, "Gibt es in Guben ein Freibad?")
    assert not found.answered
    assert not any(hit.elsewhere for hit in found.near)


@pytest.mark.parametrize(
    ("question", "unknown"),
    [
        ("Wer hat in Kleinkleckersdorf was gegen Hitze?", ("Kleinkleckersdorf",)),
        ("Hitze in der Gemeinde Oberunterbach", ("Oberunterbach",)),
        ("Who in Swindon uses sensors?", ("Swindon",)),
        ("Czy w Pcimiu są czujniki?", ("Pcimiu",)),
        ("Was läuft in Zürich?", ("Zürich",)),
        ("Was gibt es im Landkreis Oberunterwald?", ("Oberunterwald",)),
        ("What has the city of Utrecht done with sensors?", ("Utrecht",)),
        ("Czujniki w powiecie Oleckim", ("Oleckim",)),
        ("Leerstandsprojekt in Oberunterbach", ("Oberunterbach",)),
        ("Energy Monitoring In Schools", ()),
        ("Was hat der Landkreis Mobilität betreffend gemacht?", ()),
        ("Which city of ours has sensors?", ()),
        ("Wer hat in Schulen, in Echtzeit oder in Kooperation etwas gemacht?", ()),
        ("Who used sensors in English schools in March?", ()),
        ("Was passiert in Bürgerämtern und in Dörfern?", ()),
        ("Sind Sensoren in Gebäuden erlaubt?", ()),
    ],
)
def test_unknown_place_names_in_a_question_are_recognised(
    search: Search, question: str, unknown: tuple[str, ...]
) -> None:
    assert search.read(question).understood.unknown_places == unknown


def test_county_includes_its_municipalities() -> None:
    known = gazetteer()
    spree_neisse = known.rows_named("Landkreis Spree-Neiße")
    names = {known.municipalities[row].name for row in known.with_members(spree_neisse)}
    assert {"Landkreis Spree-Neiße", "Guben", "Spremberg"} <= names
    assert not names & {"Cottbus/Chóśebuz", "Potsdam"}
    guben = known.rows_named("Guben")
    assert tuple(known.with_members(guben)) == guben


async def test_question_for_others_leaves_out_the_town_of_the_asker(search: Search) -> None:
    found = await answer(search, "Ich bin Klimamanagerin in Potsdam. Was machen andere gegen Hitze?")
    assert found.answered
    assert "Potsdam" not in places(found)
    assert "Potsdam" not in places(await answer(search, "Was machen andere gegen Hitze?", "Ich bin aus Potsdam."))
