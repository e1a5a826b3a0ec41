"""A project in full: its facts in the reader's language, and their age."""

from __future__ import annotations

from datetime import date

import pytest

from bot.features.search.details import in_full
from bot.messages import Say
from knowledge_base.model import Project
from knowledge_base.translations import in_language, in_original
from tests.bot.features.search.records import TRANSLATED, project

TODAY = date(2026, 11, 30)


def facts(record: Project, language: str = "de") -> dict[str, Say]:
    said = in_full(in_language(record, language), language, TODAY).values["facts"]
    assert isinstance(said, tuple)
    return {fact.key: fact for fact in said if isinstance(fact, Say)}


def test_details_show_the_label_beside_the_original_words() -> None:
    record = project(status="Umsetzung bis 2027")
    assert facts(record, "en")["show.status"].values == {"value": "being implemented (Umsetzung bis 2027)"}
    assert facts(record, "de")["show.status"].values == {"value": "Umsetzung bis 2027"}
    assert facts(project(status="angemietet"), "en")["show.status"].values == {"value": "angemietet"}


@pytest.mark.parametrize(
    ("dates", "key"),
    [
        ({}, None),
        ({"as_of": "2024-12-01", "checked": "2026-11-01"}, None),  # within two years
        ({"as_of": "2024-11-29"}, "show.as_of"),
        ({"checked": "2023-05-02"}, "show.checked"),
        ({"as_of": "2020-01-01", "checked": "2026-01-01"}, "show.as_of"),
        ({"as_of": "2020-01-01", "checked": "2023-01-01"}, "show.as_of_and_checked"),
    ],
)
def test_details_show_dates_older_than_two_years_on_one_line(dates: dict[str, str], key: str | None) -> None:
    shown = [name for name in facts(project(**dates)) if "as_of" in name or "checked" in name]
    assert shown == ([key] if key else [])


@pytest.mark.parametrize(("language", "words"), [("de", "2. Mai"), ("en", "2 May"), ("pl", "2 maja")])
def test_date_is_written_in_the_language_of_the_reader(language: str, words: str) -> None:
    assert facts(project(checked="2023-05-02"), language)["show.checked"].values == {"checked": f"{words} 2023"}


@pytest.mark.parametrize(
    ("language", "origin"),
    [("de", ""), ("en", Say("origin.original", {"language": Say("origin.in.de")}))],
)
def test_details_in_another_language_are_marked_as_the_original(language: str, origin: Say | str) -> None:
    assert in_full(in_original(TRANSLATED), language, TODAY).values["origin"] == origin


def test_details_name_a_language_that_the_bot_does_not_speak_as_another_one() -> None:
    said = in_full(in_original(project(lang="fr")), "de", TODAY).values["origin"]
    assert said == Say("origin.original", {"language": Say("origin.in.other")})


def test_details_translate_kind_and_funding_round_by_vocabulary() -> None:
    shown = facts(TRANSLATED, "pl")
    assert shown["show.kind"].values == {"value": "działanie"}
    assert shown["show.funding_round"].values == {"value": "MPSC, 1. edycja (2019)"}
    assert facts(TRANSLATED, "en")["show.contact_role"].values == {"value": "Mobility unit"}
