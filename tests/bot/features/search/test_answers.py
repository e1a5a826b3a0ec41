"""What a project says of itself: its status in the reader's language, and the age of its facts."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from bot.features.search.answers import entry, in_full, listing
from bot.messages import Say
from bot.messages.markup import plain
from bot.texts import LANGUAGES, Texts
from knowledge_base.labels import licence_in, round_in, status_in
from knowledge_base.model import Answer, Hit, Project, Understood
from knowledge_base.search.understanding import phrases
from knowledge_base.translations import in_language, in_original

TEXTS = Texts()
TODAY = date(2026, 11, 30)


def project(**fields: str) -> Project:
    return Project(id="p", title="Rad", text="Wege", **fields)  # type: ignore[arg-type]


def facts(record: Project, language: str = "de") -> dict[str, Say]:
    said = in_full(in_language(record, language), language, TODAY).values["facts"]
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
    assert status_in(in_original(project(lang=lang, status=status)), language) == shown


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


TRANSLATED = Project(
    id="bus", title="Rufbus", text="Der Bus kommt auf Anruf.", status="in Betrieb", contact_role="Stabsstelle",
    kind="Maßnahme", funding_round="MPSC 1. Staffel 2019",
    translations={
        "en": {"title": "Bus on demand", "text": "The bus comes when called.", "contact_role": "Mobility unit"},
        "pl": {"title": "Autobus na żądanie", "text": "Autobus przyjeżdża na telefon."},
    },
)  # fmt: skip


def hit(record: Project, why: str) -> Hit:
    return Hit(project=record, score=1.0, why=why, contact_role=record.contact_role, can_introduce=False)


@pytest.mark.parametrize(
    ("language", "title", "mark"),
    [
        ("de", "Rufbus", None),
        ("en", "Bus on demand", Say("origin.translated", {"language": Say("origin.from.de")})),
        ("pl", "Autobus na żądanie", Say("origin.translated", {"language": Say("origin.from.de")})),
    ],
)
def test_list_shows_the_translation_marked(language: str, title: str, mark: Say | None) -> None:
    said = entry(hit(TRANSLATED, "Der Bus kommt auf Anruf."), language, place=False, whole=True)
    assert (said.key, said.values["title"]) == ("ask.entry", title)
    facts = said.values["facts"]
    assert isinstance(facts, tuple)
    assert [fact for fact in facts if isinstance(fact, Say) and fact.key.startswith("origin")] == (
        [mark] if mark else []
    )


@pytest.mark.parametrize(
    ("why", "language", "shown"),
    [
        ("comes when called.", "en", "comes when called."),  # the passage in the reader's language
        ("The bus comes…", "en", "The bus comes…"),
        ("Der Bus kommt auf Anruf.", "en", "The bus comes when called."),  # the passage of the original
        ("The bus comes when called.", "de", "Der Bus kommt auf Anruf."),  # of a question in another language
        ("Der Bus kommt auf Anruf.", "de", "Der Bus kommt auf Anruf."),
    ],
)
def test_reason_is_shown_in_the_words_that_the_reader_sees(why: str, language: str, shown: str) -> None:
    assert entry(hit(TRANSLATED, why), language, place=False, whole=True).values["why"] == shown


def test_reason_of_a_project_without_translations_stays_as_found() -> None:
    said = entry(hit(project(), "a passage"), "en", place=False, whole=True)
    assert (said.key, said.values["why"]) == ("ask.entry_original", "a passage")


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


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_status_that_a_question_may_name_has_words_in_the_answer(language: str) -> None:
    for status in phrases.STATUS:
        assert Texts().template(f"understood.{status}", language)


def listed(language: str, *, start: int = 0, hits: int = 1, sure: bool = True, **understood: Any) -> str:
    """Return what the bot says about so many projects, after ``start`` others; not ``sure``: that they are near."""
    found = (Hit(project=project(), score=1.0, why="Wege", contact_role="", can_introduce=False),) * hits
    answer = Answer(
        question="?", language=language, answered=sure, understood=Understood(**understood),
        hits=found if sure else (), near=() if sure else found, total=start + hits if sure else 0, took_ms=0.0,
    )  # fmt: skip
    return plain(TEXTS.render(listing(answer, language, start), language))


@pytest.mark.parametrize(("language", "name"), [("de", "Bayern"), ("en", "Bavaria"), ("pl", "Bawaria")])
def test_answer_names_a_state_in_its_language(language: str, name: str) -> None:
    for said in (listed(language, states=("Bayern",)), listed(language, sure=False, states=("Bayern",))):
        assert [word for word in ("Bayern", "Bavaria", "Bawaria") if word in said] == [name]


@pytest.mark.parametrize("language", LANGUAGES)
def test_answer_names_a_funding_round_in_its_language(language: str) -> None:
    name = "MPSC 2. Staffel 2020"
    assert round_in(name, language) in listed(language, rounds=(name,))


@pytest.mark.parametrize("language", LANGUAGES)
def test_last_page_with_a_single_result_shows_no_range(language: str) -> None:
    assert listed(language, start=5).splitlines()[0].count("6") == 2, "the number of the result, and of all"
    assert listed(language, start=5, hits=2).splitlines()[0].count("7") == 2


@pytest.mark.parametrize("language", LANGUAGES)
def test_details_show_the_licence_in_the_language_of_the_reader(language: str) -> None:
    record = project(licence="CC0-1.0 (own summary; facts from the listed sources)")
    said = in_full(in_language(record, language), language, TODAY).values["licence"]
    assert said == Say("show.licence", {"licence": licence_in(record.licence, language)})
