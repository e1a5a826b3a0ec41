"""What a project says of itself: its status in the reader's language, and the age of its facts."""

from __future__ import annotations

from datetime import date

import pytest

from bot.features.search.answers import entry, in_full
from bot.features.wording import status_for
from bot.messages import Say
from knowledge_base.model import Hit, Project

TODAY = date(2026, 11, 30)


def project(**fields: str) -> Project:
    return Project(id="p", title="Rad", text="Wege", **fields)  # type: ignore[arg-type]


def facts(record: Project, language: str = "de") -> dict[str, Say]:
    said = in_full(record, language, TODAY).values["facts"]
    assert isinstance(said, tuple)
    return {fact.key: fact for fact in said if isinstance(fact, Say)}


@pytest.mark.parametrize(
    ("lang", "status", "language", "shown"),
    [
        ("de", "in Betrieb, Ausbau läuft", "de", "in Betrieb, Ausbau läuft"),
        ("de", "in Betrieb, Ausbau läuft", "en", "in operation"),
        ("de", "in Betrieb, Ausbau läuft", "pl", "działa"),
        ("pl", "w trakcie realizacji", "de", "in Umsetzung"),
        ("de", "angemietet", "en", "angemietet"),  # the vocabulary has no word for it
        ("de", "", "en", ""),
    ],
)
def test_status_is_shown_in_its_own_words_or_as_the_label_of_another_language(
    lang: str, status: str, language: str, shown: str
) -> None:
    assert status_for(project(lang=lang, status=status), language) == shown


def test_list_shows_the_status_in_the_language_of_the_reader() -> None:
    hit = Hit(project=project(status="geplant"), score=1.0, why="Wege", contact_role="", can_introduce=False)
    said = entry(hit, "pl", place=True, whole=False).values["facts"]
    assert said == (Say("ask.fact", {"fact": "planowane"}),)


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
