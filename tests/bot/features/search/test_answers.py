"""Answers as something to say: who, how many, side by side, gaps and next steps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.commands.digests import Subscribe
from bot.commands.introductions import Introduce
from bot.commands.ratings import Rate
from bot.commands.search import Ask, More, Show
from bot.features.search import at_a_glance
from bot.features.search.answers import is_overview, listing, one_by_one, shown_hits
from bot.messages import Say
from bot.messages.markup import plain
from bot.texts import LANGUAGES, Texts
from knowledge_base.model import Answer, Hit, NamedPlace, Overview, Project, Town, Understood
from tests.bot.features.search.records import hit

ROUND = "MPSC 2. Staffel 2020"


def found(name: str, municipality: str, **fields: str) -> Hit:
    return hit(Project(id=name, title=name, text="Sie bauen.", municipality=municipality, **fields), "Sie bauen.")  # type: ignore[arg-type]


def answer(*hits: Hit, towns: tuple[Town, ...] = (), near: tuple[Hit, ...] = (), **fields: object) -> Answer:
    return (
        Answer(
            question="",
            language="de",
            answered=bool(hits),
            understood=Understood(),
            hits=hits,
            near=near,
            total=len(hits),
            took_ms=0.0,
            overview=Overview(towns=towns, projects=len(hits)),
        )
        if not fields
        else replace(answer(*hits, towns=towns, near=near), **fields)
    )  # type: ignore[arg-type]


def shown(said: Say, language: str = "de") -> str:
    return plain(Texts().render(said, language))


def intents(said: Say) -> list[type]:
    return [type(choice.intent) for choice in said.choices]


TOWNS = tuple(Town(f"Stadt {number:03}", "Bayern" if number % 2 else "Sachsen", 1) for number in range(70))
BUS, RAIL = found("Bus", "Aburg"), found("Bahn", "Bstadt")


def test_first_line_says_who_with_the_most_projects_first() -> None:
    said = listing(answer(BUS, RAIL, towns=(Town("Aburg", "", 1), Town("Bstadt", "", 2))), "de")
    assert said.key == "ask.found"
    assert said.values["who"] == Say("ask.who", {"towns": "Bstadt (2), Aburg (1)"})
    assert shown(said).startswith("Bstadt (2), Aburg (1)\n")


def test_first_line_is_one_line_and_says_how_many_more() -> None:
    who = at_a_glance.who(answer(BUS, towns=TOWNS))
    assert isinstance(who, Say)
    assert who.key == "ask.who_more"
    assert len(str(who.values["towns"])) <= at_a_glance.WIDTH
    named = str(who.values["towns"]).count("(")
    assert who.values["count"] == len(TOWNS) - named


def test_question_about_one_town_needs_no_first_line() -> None:
    read = Understood(municipalities=("Aburg",))
    assert at_a_glance.who(answer(BUS, towns=(Town("Aburg", "", 1),), understood=read)) == ""


def test_question_for_names_gets_all_names_by_state_and_the_true_numbers() -> None:
    asked = answer(BUS, RAIL, towns=TOWNS[:10], understood=Understood(names=True))
    assert is_overview(asked)
    assert shown_hits(asked) == ()
    said = listing(asked, "de")
    assert said.key == "ask.names"
    assert said.values["numbers"] == Say("ask.names_projects", {"towns": 10, "projects": 2})
    assert all(town.name in shown(said) for town in TOWNS[:10])
    assert said.values["rest"] == ""
    assert said.choices[0].intent == More()


def test_list_of_names_ends_at_its_limit_and_says_how_many_it_leaves_out() -> None:
    said = listing(answer(BUS, towns=TOWNS, understood=Understood(names=True)), "de")
    assert sum(town.name in shown(said) for town in TOWNS) == at_a_glance.NAMES
    assert said.values["rest"] == Say("ask.names_rest", {"count": len(TOWNS) - at_a_glance.NAMES})


def test_more_shows_the_projects_behind_a_list_of_names() -> None:
    asked = answer(BUS, RAIL, towns=TOWNS, understood=Understood(names=True))
    assert shown_hits(one_by_one(asked)) == (BUS, RAIL)


def test_few_names_stand_in_the_first_line_and_the_hits_follow() -> None:
    asked = answer(BUS, towns=TOWNS[:2], understood=Understood(names=True))
    assert listing(asked, "de").key == "ask.found"


def test_places_stand_side_by_side_also_one_that_has_nothing() -> None:
    places = (
        NamedPlace(name="Bstadt", hits=frozenset({"Bahn"}), others=0),
        NamedPlace(name="Aburg", hits=frozenset({"Bus"}), others=0),
        NamedPlace(name="Cdorf", hits=frozenset(), others=2),
    )
    asked = answer(BUS, RAIL, places=places)
    assert shown_hits(asked) == (RAIL, BUS)
    said = listing(asked, "de")
    assert said.key == "ask.compared"
    groups = said.values["hits"]
    assert isinstance(groups, tuple)
    assert [(group.key, group.values["municipality"]) for group in groups if isinstance(group, Say)] == [
        ("ask.group", "Bstadt"),
        ("ask.group", "Aburg"),
        ("ask.group_empty", "Cdorf"),
    ]
    lines = shown(said).splitlines()
    assert [line for line in lines if line.startswith(("1. ", "2. "))] == ["1. Bahn", "2. Bus"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_place_of_which_only_the_round_is_known_is_said_to_be_so(language: str) -> None:
    thin = found("Modellprojekt", "Ulm", kind="Modellprojekt", funding_round=ROUND)
    place = NamedPlace(name="Ulm", hits=frozenset({"Modellprojekt"}), others=0, rounds=(ROUND,))
    said = listing(answer(thin, places=(place,)), language)
    assert said.key == "ask.only_name"
    assert isinstance(said.values["known"], Say)
    assert said.values["known"].key == "ask.known_thin"
    assert "Ulm" in shown(said, language)


@pytest.mark.parametrize(
    ("place", "key"),
    [
        (NamedPlace(name="Guben", hits=frozenset(), others=4), "ask.known_other"),
        (NamedPlace(name="Guben", hits=frozenset(), others=0, rounds=(ROUND,)), "ask.known_thin"),
        (NamedPlace(name="Guben", hits=frozenset(), others=0), None),
    ],
)
def test_refusal_for_a_place_says_what_else_is_known_of_it(place: NamedPlace, key: str | None) -> None:
    elsewhere = replace(BUS, elsewhere=True)
    said = listing(answer(near=(elsewhere,), places=(place,), understood=Understood(municipalities=("Guben",))), "de")
    assert said.key == "ask.only_elsewhere"
    known = said.values["known"]
    assert isinstance(known, tuple)
    assert [part.key for part in known if isinstance(part, Say)] == ([key] if key else [])


@pytest.mark.parametrize(
    ("missed", "read", "key"),
    [
        ("small", Understood(rural=True, small=True), "ask.only_larger"),
        ("status", Understood(status=("done",)), "ask.only_without"),
        ("rounds", Understood(rounds=(ROUND,)), "ask.only_without"),
    ],
)
def test_condition_that_no_project_meets_with_the_others_is_named(missed: str, read: Understood, key: str) -> None:
    said = listing(answer(near=(replace(BUS, elsewhere=True),), missed=(missed,), understood=read), "de")
    assert said.key == key
    assert said.values["missed"]
    assert "1. Bus" in shown(said)


def test_hits_of_other_places_stand_apart_and_are_not_counted() -> None:
    said = listing(answer(BUS, near=(replace(RAIL, elsewhere=True),)), "de")
    assert said.values["count"] == 1
    assert isinstance(said.values["elsewhere"], Say)
    assert "2. Bahn" in shown(said)


def test_only_buttons_offer_to_rate_an_answer() -> None:
    assert Rate not in intents(listing(answer(BUS), "de"))
    assert Rate in intents(listing(answer(BUS), "de", filters=True))


def test_next_steps_lead_to_details_a_contact_and_the_topic_by_the_week() -> None:
    asked = answer(replace(BUS, can_introduce=True), RAIL, understood=Understood(topics=("mobility",)))
    said = listing(asked, "de")
    assert intents(said) == [Show, Show, Introduce, Subscribe]
    assert [choice.intent for choice in said.choices if isinstance(choice.intent, Introduce)] == [Introduce(number=1)]


def test_refusal_for_a_town_offers_to_look_near_it() -> None:
    read = Understood(topics=("mobility",), municipalities=("Guben",))
    (choice,) = listing(answer(understood=read), "en").choices
    assert choice.intent == Ask("Mobility and transport near Guben")
