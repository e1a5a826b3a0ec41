"""Questions that depend on the previous question, and questions that do not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.search.understanding import Query, follow_up, understand
from tests.knowledge_base.search.bundled import gazetteer, lexicon

MOBILITY = ("de", "Wer hat Mobilitätsprojekte in Cottbus gemacht?")


def read(language: str, question: str) -> Query:
    return understand(question, language, gazetteer(), lexicon())


def after(first: tuple[str, str], language: str, question: str) -> Query:
    return follow_up(question, read(*first), language, gazetteer(), lexicon())


@pytest.mark.parametrize(
    ("language", "question"),
    [("de", "und in Potsdam?"), ("de", "Potsdam?"), ("de", "Wie sieht es in Potsdam aus?"), ("en",
    "what about Potsdam?"),
     ("pl", "a w Poczdamie?"), ("de", "Und bei den Potsdamern?")],
)  # fmt: skip
def test_follow_up_with_a_new_place_keeps_the_topic(language: str, question: str) -> None:
    query = after(MOBILITY, language, question)
    assert query.follows
    assert query.understood.municipalities == ("Potsdam",)
    assert query.understood.topics == ("mobility",)
    assert "Potsdam" in query.text
    assert "Cottbus" not in query.text


@pytest.mark.parametrize(
    ("language", "question"),
    [("de", "und was ist mit Energie?"), ("en", "what about energy?"), ("pl", "a co z energią?")],
)
def test_follow_up_with_a_new_topic_keeps_the_place(language: str, question: str) -> None:
    query = after(MOBILITY, language, question)
    assert query.understood.topics == ("energy",)
    assert query.understood.municipalities == ("Cottbus/Chóśebuz",)
    assert "Mobilität" not in query.text


@pytest.mark.parametrize(
    ("language", "question", "status"),
    [("de", "nur abgeschlossene", "done"), ("en", "only finished ones", "done"), ("pl", "tylko zakończone", "done"),
     ("de", "welche davon sind geplant?", "planned"), ("en", "only running", "running")],
)  # fmt: skip
def test_follow_up_with_a_status_keeps_topic_and_place(language: str, question: str, status: str) -> None:
    query = after(MOBILITY, language, question)
    assert query.understood.status == (status,)
    assert query.understood.topics == ("mobility",)
    assert query.understood.municipalities == ("Cottbus/Chóśebuz",)


@pytest.mark.parametrize(
    ("language", "question"), [("de", "nur kleine Gemeinden"), ("en", "only rural ones"), ("pl", "a na wsi?")]
)
def test_follow_up_can_limit_the_search_to_rural_municipalities(language: str, question: str) -> None:
    query = after(("de", "Wer hat eine App?"), language, question)
    assert query.understood.rural
    assert query.understood.topics == ("citizen-app",)


def test_limits_add_up_over_several_follow_ups() -> None:
    first = after(MOBILITY, "de", "und in Potsdam?")
    second = follow_up("nur geplante", first, "de", gazetteer(), lexicon())
    assert second.understood.municipalities == ("Potsdam",)
    assert second.understood.status == ("planned",)
    assert second.understood.topics == ("mobility",)


@pytest.mark.parametrize(
    ("language", "question"),
    [("de", "Welche Kommunen haben ein Open-Data-Portal?"), ("de", "Und wer macht in Guben Hochwasserschutz?"),
     ("en", "Who is responsible for the Kiezbox?"), ("pl", "Kto robi kursy komputerowe dla seniorów?"),
     ("de", "Hitzeschutz"), ("de", "Energie in Cottbus"), ("de", "Smart Water"),
     ("de", "Was läuft in Słubice?"), ("en", "Which projects are there in Cottbus?"),
     ("pl", "Jakie projekty są w Guben?")],
)  # fmt: skip
def test_complete_question_is_not_read_as_a_follow_up(language: str, question: str) -> None:
    query = after(("de", "Was ist in Potsdam abgeschlossen?"), language, question)
    assert not query.follows
    assert query == read(language, question)


def test_first_question_is_read_on_its_own() -> None:
    assert follow_up("und in Potsdam?", None, "de", gazetteer(), lexicon()) == read("de", "und in Potsdam?")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_can_follow_any_text(first: str, second: str) -> None:
    before = read("de", first)
    one = follow_up(second, before, "de", gazetteer(), lexicon())
    assert one == follow_up(second, before, "de", gazetteer(), lexicon())
    assert len(one.text) <= 2_000


@pytest.mark.parametrize(("language", "question"), [("de", "aber nicht in Potsdam"), ("en", "except Potsdam")])
def test_follow_up_can_exclude_a_place(language: str, question: str) -> None:
    query = after(("de", "Wer hat Mobilitätsprojekte in Brandenburg gemacht?"), language, question)
    assert query.follows
    assert query.without_rows == read("de", "Potsdam").rows
    assert query.understood.topics == ("mobility",)
    assert query.understood.states == ("Brandenburg",)


ASKED = [
    ("de", "Wer hat was gegen Hitze gemacht?"),
    ("de", "Was macht Ulm?"),
    ("de", "Welche Städte sind in Staffel 2?"),
    ("en", "Which towns in Bavaria run a LoRaWAN network?"),
]


@pytest.mark.parametrize("first", ASKED)
@pytest.mark.parametrize(
    ("language", "question"),
    [("de", "Was macht Guben?"), ("de", "Ist Leipzig auch Modellprojekt?"), ("de", "Was macht Dortmund?"),
     ("de", "Welche Modellkommunen gibt es in Sachsen?"), ("de", "Welche Städte in Bayern sind dabei?"),
     ("de", "Wieviel Geld hat Bad Belzig bekommen?"), ("de", "Welche Städte sind in Staffel 3?"),
     ("de", "Wer macht Smart City in Guben?"), ("de", "Wie viele Projekte gibt es im Saarland?"),
     ("de", "Und wer misst Starkregen schon mit Sensoren?"), ("en", "Which model projects are in Bavaria?"),
     ("en", "Projects near Cottbus please"), ("en", "OK, different topic: who uses drones in the forest?"),
     ("en", "Which projects started in 2025?"), ("pl", "Co robi Guben?"), ("pl", "Ok. Jest coś z Zielonej Góry?")],
)  # fmt: skip
def test_question_with_a_frame_or_a_subject_stands_alone(first: tuple[str, str], language: str, question: str) -> None:
    assert not after(first, language, question).follows


@pytest.mark.parametrize(
    ("language", "question"),
    [("de", "Gut. Und in Sachsen?"), ("de", "Gibt es so etwas auch in Sachsen?"), ("de", "davon in Sachsen?"),
     ("de", "was ist mit Sachsen?"), ("de", "sachsen"), ("en", "only Saxony"),
     ("en", "Are there some of them in Saxony?"),
     ("en", "Anyone in Saxony?"), ("pl", "a w Saksonii?"), ("pl", "Które z nich w Saksonii?")],
)  # fmt: skip
def test_question_that_only_limits_or_refers_back_keeps_the_subject(language: str, question: str) -> None:
    query = after(("de", "Wer hat einen Rufbus?"), language, question)
    assert query.follows
    assert query.understood.states == ("Sachsen",)
    assert query.understood.topics == ("public-transport",)


@pytest.mark.parametrize(
    ("language", "question"),
    [("de", "Nein, ich meinte Radverkehr"), ("en", "I meant cycling"), ("pl", "chodziło mi o ruch rowerowy")],
)
def test_correction_replaces_the_subject_and_keeps_the_place(language: str, question: str) -> None:
    query = after(("de", "Wer hat Rufbusse in Sachsen?"), language, question)
    assert query.understood.topics == ("cycling-walking",)
    assert query.understood.states == ("Sachsen",)


def test_place_left_out_is_no_longer_the_place_asked_for() -> None:
    query = after(("de", "Notfallnetz in Berlin"), "de", "außerhalb von Berlin?")
    assert not query.placed
    assert query.understood.negated == ("Berlin",)
    assert query.subject == ("Notfallnetz",)


def test_what_is_left_out_adds_up_until_a_place_is_named() -> None:
    first = after(("en", "open data portals"), "en", "not North Rhine Westphalia")
    second = follow_up("and not Brandenburg either", first, "en", gazetteer(), lexicon())
    assert second.without_states == ("Nordrhein-Westfalen", "Brandenburg")
    assert follow_up("and in Saxony?", second, "en", gazetteer(), lexicon()).without_states == ()


def test_number_of_a_round_is_enough_after_a_question_for_a_round() -> None:
    query = after(("de", "Welche Städte der 1. Staffel sind in Bayern?"), "de", "und die dritte?")
    assert query.understood.rounds == ("MPSC 3. Staffel 2021",)
    assert query.understood.states == ("Bayern",)


def test_small_towns_replace_the_cities_named_before() -> None:
    query = after(("pl", "Co Dortmund i Lipsk mają w aplikacjach?"), "pl", "I jak jest w małych miastach?")
    assert query.understood.rural
    assert not query.placed


def test_question_for_some_of_the_hits_adds_its_subject() -> None:
    query = after(("en", "village shops"), "en", "which of them works with no staff?")
    assert query.subject == ("shops", "staff")
