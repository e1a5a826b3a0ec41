"""The conditions of a question as filters: which documents meet them, and what only counts for more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from knowledge_base.model import Municipality, Project, Understood
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search import tuning
from knowledge_base.search.conditions import Conditions, Fit, Floats
from knowledge_base.search.understanding.query import Query
from knowledge_base.vocabulary import bundled

FIRST, SECOND = "MPSC 1. Staffel 2019", "MPSC 2. Staffel 2020"
PLACES = [
    Municipality(id="1", name="Aburg", state="Brandenburg", population=4_000, latitude=52.0, longitude=13.0),
    Municipality(id="2", name="Bstadt", state="Brandenburg", population=90_000, latitude=52.1, longitude=13.0),
    Municipality(id="3", name="Czentrum", state="Sachsen", population=900_000, latitude=51.0, longitude=13.0),
    Municipality(id="4", name="Landkreis Dtal", state="Sachsen", kind="Landkreis"),
]
GAZETTEER = Gazetteer(PLACES)
PROJECTS = [
    Project(id="a", title="A", text="", municipality="Aburg", state="Brandenburg", status="abgeschlossen",
            period="2019–2021", transferability="Gern."),
    Project(id="b", title="B", text="", municipality="Bstadt", state="Brandenburg", status="geplant", period="2025"),
    Project(id="c", title="C", text="", municipality="Czentrum", state="Sachsen", funding_round=SECOND,
            kind="Modellprojekt", contact_role="Amt", extra={"same_as": "x"}),
    Project(id="d", title="D", text="", municipality="Landkreis Dtal", state="Sachsen", status="Pilotbetrieb"),
    Project(id="thin", title="T", text="", municipality="Bstadt", state="Brandenburg", funding_round=FIRST,
            kind="Modellprojekt"),
    Project(id="double", title="C", text="", municipality="Czentrum", state="Sachsen", funding_round=SECOND,
            kind="Modellprojekt", extra={"same_as": "c"}),
]  # fmt: skip
CONDITIONS = Conditions.build(PROJECTS, GAZETTEER, bundled())
ALL = np.arange(len(PROJECTS))
NOTHING = np.zeros(len(PROJECTS), np.float32)
FULL = {"a", "b", "c", "d"}  # all but the thin double


def rows(*names: str) -> tuple[int, ...]:
    return tuple(row for name in names for row in GAZETTEER.rows_named(name))


def query(understood: Understood | None = None, **given: Any) -> Query:
    return Query(text="?", language="de", understood=understood or Understood(), **given)


def of_years(period: tuple[int, int], **given: Any) -> Query:
    return query(Understood(years=(period[0],), periods=(period,)), **given)


def fit(asked: Query, **shares: Floats) -> Fit:
    near = GAZETTEER.near(asked.near_rows) if asked.near_rows else {}
    given = {"named": NOTHING, "borough": NOTHING, "unwanted": NOTHING, **shares}
    return CONDITIONS.fit(asked, ALL, near, **given)


def met(asked: Query, **shares: Floats) -> set[str]:
    return {PROJECTS[doc].id for doc in np.flatnonzero(fit(asked, **shares).met)}


def limited(asked: Query) -> set[str]:
    near = GAZETTEER.near(asked.near_rows) if asked.near_rows else {}
    return {PROJECTS[doc].id for doc in CONDITIONS.limited(asked, near)}


def share_of(record_id: str, share: float = 1.0) -> Floats:
    return np.array([share if project.id == record_id else 0.0 for project in PROJECTS], np.float32)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (query(rows=rows("Aburg")), {"a"}),
        (query(rows=rows("Aburg", "Bstadt")), {"a", "b", "thin"}),
        (query(states=("Sachsen",)), {"c", "d"}),
        (query(near_rows=rows("Aburg")), {"a", "b", "c", "d", "thin"}),
        (query(without_rows=rows("Aburg")), {"b", "c", "d", "thin"}),
        (query(without_states=("Brandenburg",)), {"c", "d"}),
        (query(Understood(rounds=(SECOND,)), listing=True), {"c", "double"}),
        (query(Understood(status=("done",))), {"a"}),
        (query(Understood(status=("planned",))), {"b"}),
        (query(Understood(status=("running",))), {"d"}),
        (query(Understood(rural=True)), {"a", "b", "c", "d", "thin"}),
        (query(Understood(counties=True)), {"d"}),
        (query(Understood(status=("done",)), rows=rows("Bstadt")), set()),
        (query(Understood(unknown_places=("Nirgendheim",))), set()),
        (query(states=("Polen",)), set()),
    ],
)
def test_documents_that_miss_a_condition_are_no_hits(asked: Query, expected: set[str]) -> None:
    # What is near or small only orders the hits. Beside a fuller record of the same project, a thin one is none
    # unless a list is asked for.
    assert met(asked) == expected


def test_question_without_conditions_is_met_by_all_but_a_thin_double() -> None:
    result = fit(query())
    assert result.conditions == ()
    assert met(query()) == FULL | {"thin"}
    assert not result.degree.any()


def test_place_without_a_record_is_met_by_documents_that_name_it() -> None:
    unrecorded = Gazetteer([*PLACES, Municipality(id="5", name="Eheim", state="Brandenburg")])
    asked = query(rows=tuple(unrecorded.rows_named("Eheim")))
    assert met(asked) == set()
    assert met(asked, named=share_of("b")) == {"b"}


def test_state_without_a_record_is_not_met_by_documents_that_name_it() -> None:
    assert met(query(states=("Polen",)), named=share_of("b")) == set()


def test_document_that_only_names_a_place_counts_for_less_than_one_of_it() -> None:
    result = fit(query(rows=rows("Aburg")), named=share_of("b"))
    assert result.degree[:3].tolist() == pytest.approx([1.0, tuning.ONLY_NAMED, 0.0])
    assert not result.here[1]


def test_document_with_an_unwanted_word_stands_behind_the_others() -> None:
    asked = query(without_words=("LoRaWAN",))
    assert fit(asked, unwanted=share_of("a")).degree[:2].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("asked", "best"),
    [
        (query(transfer=True), "a"),
        (query(Understood(rural=True)), "a"),
    ],
)
def test_soft_conditions_count_for_more_and_exclude_nothing(asked: Query, best: str) -> None:
    result = fit(asked)
    assert PROJECTS[int(result.degree.argmax())].id == best
    assert 0 < result.degree.max() < 1
    assert met(asked) == FULL | {"thin"}


def test_year_of_the_end_counts_for_more_than_one_in_between() -> None:
    ends, runs = (fit(of_years((year, year), ending=True)).degree[0] for year in (2021, 2020))
    assert ends > runs > 0


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ((2020, 2020), {"a"}),  # runs in it
        ((2025, 2025), {"b"}),
        ((2018, 2019), {"a"}),
        ((2022, 9999), {"b"}),
        ((0, 2018), set()),
    ],
)
def test_years_are_met_by_what_runs_in_them(period: tuple[int, int], expected: set[str]) -> None:
    assert met(of_years(period)) == expected


def test_year_that_only_the_text_names_counts_for_less_than_the_begin() -> None:
    projects = [
        Project(id="begins", title="T", text="", period="2023–2024"),
        Project(id="names", title="T", text="Die Messe war 2023."),
        Project(id="neither", title="T", text="Die Messe war 2019."),
    ]
    nothing = np.zeros(3, np.float32)
    result = Conditions.build(projects, GAZETTEER, bundled()).fit(
        of_years((2023, 2023)), np.arange(3), {}, nothing, nothing, nothing
    )
    assert result.met.tolist() == [True, True, False]
    assert result.degree[0] > result.degree[1] > 0


def test_small_municipalities_are_a_limit_that_unknown_sizes_pass() -> None:
    asked = query(Understood(rural=True, small=True))
    assert met(asked) == {"a", "d"}
    assert fit(asked).degree[0] > fit(asked).degree[3] > 0


def test_towns_are_like_another_one_by_nearness_or_by_size() -> None:
    docs = np.arange(3)
    near, alike, neither = CONDITIONS.likeness(docs, {rows("Aburg")[0]: 1.0}, 100_000)
    assert near == pytest.approx(1.0)
    assert alike == pytest.approx(0.9)
    assert neither < 0.2


def test_borough_of_a_city_counts_for_more_among_its_documents() -> None:
    asked = query(rows=rows("Bstadt"), boroughs=("Nord",))
    result = fit(asked, borough=share_of("b"))
    assert met(asked) == {"b", "thin"}
    assert result.degree[1] > result.degree[4]


def test_thin_record_is_marked_unless_a_list_is_asked_for() -> None:
    plain, listing = fit(query()).thin, fit(query(listing=True)).thin
    assert plain[:4].tolist() == [0.0] * 4
    assert 0 < plain[4] < plain[5]
    assert not listing.any()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (query(), set()),
        (query(rows=rows("Aburg")), {"a"}),
        (query(states=("Sachsen",)), {"c", "d", "double"}),
        (query(near_rows=rows("Aburg")), {"a", "b", "thin"}),
        (query(Understood(rounds=(FIRST,)), rows=rows("Bstadt")), {"thin"}),
        (query(Understood(status=("done",)), rows=rows("Bstadt")), {"b", "thin"}),  # none meets both: the place's
    ],
)
def test_documents_that_meet_all_conditions_are_proposed(asked: Query, expected: set[str]) -> None:
    assert limited(asked) == expected


def test_empty_index_has_conditions_that_no_document_meets() -> None:
    empty = Conditions.build([], GAZETTEER, bundled())
    nobody, nothing = np.zeros(0, np.int64), np.zeros(0, np.float32)
    result = empty.fit(query(rows=rows("Aburg")), nobody, {}, nothing, nothing, nothing)
    assert len(result.met) == len(result.degree) == 0
    assert len(empty.limited(query(rows=rows("Aburg")), {})) == 0


def test_topic_left_out_and_unwanted_word_are_no_hits() -> None:
    assert met(query(without_words=("LoRaWAN",)), unwanted=share_of("a")) == FULL - {"a"} | {"thin"}
    projects = [
        Project(id="bus", title="Bus", text="", topics=("public-transport",), url="https://a.example/bus/"),
        Project(id="sun", title="Sonne", text="", topics=("energy",), sources=("http://www.a.example/bus",)),
        Project(id="tree", title="Baum", text=""),
    ]
    conditions = Conditions.build(projects, GAZETTEER, bundled())
    nothing = np.zeros(3, np.float32)
    left_out = query(without_topics=("mobility",))  # public transport is narrower
    assert conditions.fit(left_out, np.arange(3), {}, nothing, nothing, nothing).met.tolist() == [False, True, True]
    cited = query(addresses=("a.example/bus",))
    assert conditions.fit(cited, np.arange(3), {}, nothing, nothing, nothing).met.tolist() == [True, True, False]
    assert conditions.limited(cited, {}).tolist() == [0, 1]
