"""A hit in a list: two or three short lines."""

from __future__ import annotations

import pytest

from bot.features.search import hits
from bot.features.search.hits import entry, numbered
from bot.messages import Say
from knowledge_base.labels import status_in
from knowledge_base.model import Project
from knowledge_base.translations import in_original
from tests.bot.features.search.records import TRANSLATED, hit, project


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
    said = entry(hit(project(status="geplant"), "Wege"), "pl").values["facts"]
    assert said == (Say("ask.fact", {"fact": "planowane"}),)


@pytest.mark.parametrize(
    ("language", "title", "mark"),
    [
        ("de", "Rufbus", None),
        ("en", "Bus on demand", Say("ask.translated")),
        ("pl", "Autobus na żądanie", Say("ask.translated")),
    ],
)
def test_list_shows_the_translation_marked(language: str, title: str, mark: Say | None) -> None:
    said = entry(hit(TRANSLATED, "Der Bus kommt auf Anruf."), language)
    assert (said.key, said.values["title"]) == ("ask.entry", title)
    facts = said.values["facts"]
    assert isinstance(facts, tuple)
    assert [fact for fact in facts if isinstance(fact, Say) and fact.key == "ask.translated"] == (
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
    assert entry(hit(TRANSLATED, why), language).values["why"] == shown


def test_reason_of_a_project_without_translations_stays_as_found() -> None:
    said = entry(hit(project(), "a passage"), "en")
    assert (said.key, said.values["why"]) == ("ask.entry_original", "a passage")


def test_entry_is_at_most_three_lines_of_a_terminal() -> None:
    record = project(
        title="Ein Titel, der " + "länger " * 20, text="Ein Satz. " * 30, municipality="A", status="läuft " * 20
    )
    values = entry(hit(record, "wort " * 60), "de").values
    assert len(str(values["title"])) <= hits.TITLE
    assert len(str(values["why"])) <= hits.WHY


def test_joint_project_names_as_many_members_as_fit() -> None:
    members = ("Bad Belzig", "Wiesenburg/Mark", "Menden (Sauerland)", "Soest")
    record = Project(id="p", title="Rad", text="Wege", municipality=" / ".join(members), members=members)
    assert (
        Say("ask.place", {"place": "Bad Belzig / Wiesenburg/Mark …"})
        in entry(hit(record, "Wege"), "de").values["facts"]
    )  # type: ignore[operator]


def test_record_that_only_names_a_model_project_is_not_quoted() -> None:
    record = project(kind="Modellprojekt", text="Ausgewählt 2020, 2. Staffel.")
    assert entry(hit(record, "Ausgewählt 2020, 2. Staffel."), "de").key == "ask.entry_short"


def test_question_for_the_role_gets_the_role_in_place_of_a_quote() -> None:
    said = entry(hit(project(contact_role="Amt"), "Wege"), "de", roles=True)
    assert (said.key, said.values["role"]) == ("ask.entry_short", Say("ask.role", {"role": "Amt"}))


def test_list_without_hits_says_nothing() -> None:
    assert numbered((), "de", 1) == ""
