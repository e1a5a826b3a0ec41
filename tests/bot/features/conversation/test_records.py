"""Which record of those shown is meant: by number, ordinal, town, title, description; else the one in focus."""

from __future__ import annotations

import pytest

from bot.features.conversation.records import described, number_in, record_named
from knowledge_base.model import Project, Understood
from knowledge_base.search.understanding import Query

BUS = Project(id="bus", title="Rufbus im Abendverkehr", text="", municipality="Guben")
TWIN = Project(id="twin", title="Digitaler Zwilling", text="", municipality="Ulm", members=("Neu-Ulm",))
TREES = Project(
    id="trees", title="Bäume gießen mit Sensoren", text="", municipality="Cottbus",
    translations={"en": {"title": "Watering trees with sensors"}},
)  # fmt: skip
SHOWN = (BUS, TWIN, TREES)


def query(text: str, *towns: str) -> Query:
    return Query(text=text, language="de", understood=Understood(municipalities=towns), places=towns)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2", 2),
        ("Nr. 3", 3),
        ("zeig mir das 2.", 2),
        ("erzähl mir mehr zum zweiten", 2),
        ("Details zu 3", 3),
        ("the third one please", 3),
        ("tell me more about the last", 3),
        ("opowiedz więcej o drugim", 2),
        ("numer 1", 1),
        ("eins", 1),
        ("number four", None),
        ("das siebte", None),
        ("seit 2021 läuft das", None),
        ("was hat das gekostet?", None),
    ],
)
def test_number_is_read_as_figure_word_or_ordinal(text: str, number: int | None) -> None:
    assert number_in(text, 3) == number


def test_town_and_title_name_a_record() -> None:
    assert record_named("das aus Ulm", query("das aus Ulm", "Ulm"), SHOWN, BUS) is TWIN
    assert record_named("das aus Neu-Ulm", query("das aus Neu-Ulm", "Neu-Ulm"), SHOWN, BUS) is TWIN
    assert record_named("den Rufbus im Abendverkehr", query("x"), SHOWN, TREES) is BUS
    assert record_named("watering trees", query("x"), SHOWN, BUS) is TREES


def test_town_that_was_not_shown_names_none_of_the_records() -> None:
    assert record_named("und in Jena?", query("und in Jena?", "Jena"), SHOWN, BUS) is None
    assert record_named("was hat das gekostet", query("was hat das gekostet"), SHOWN, BUS) is None


def test_description_means_another_record_than_the_one_in_focus_only_if_it_fits_far_better() -> None:
    assert described({"bus": 0.4, "twin": 0.6}, SHOWN, BUS) is BUS
    assert described({"bus": 0.1, "twin": 0.9}, SHOWN, BUS) is TWIN
    assert described({}, SHOWN, None) is BUS
