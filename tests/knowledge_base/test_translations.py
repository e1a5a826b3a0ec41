"""Readers see a project translated where the record has their language, else in its own words."""

from __future__ import annotations

import pytest

from knowledge_base.labels import kind_in, licence_in, round_in, state_in, status_in
from knowledge_base.model import TRANSLATED, Project
from knowledge_base.places.states import STATES
from knowledge_base.translations import Origin, in_language, in_original, versions
from knowledge_base.vocabulary import LANGUAGES
from tests.knowledge_base.search.bundled import projects

RUFBUS = Project(
    id="rufbus", title="Rufbus", text="Fahrten auf Bestellung.", status="in Betrieb", contact_role="Stabsstelle",
    translations={
        "en": {"title": "Bus on demand", "text": "Rides to order.", "status": "running"},
        "pl": {"title": "Autobus na żądanie"},  # no text
        "de": {"text": "Nicht das Original."},
    },
)  # fmt: skip


def test_reader_of_a_translated_language_sees_the_translation() -> None:
    reading = in_language(RUFBUS, "en")
    assert (reading.project.title, reading.project.text, reading.project.lang) == (
        "Bus on demand",
        "Rides to order.",
        "en",
    )
    assert (reading.origin, reading.written) == (Origin.TRANSLATED, "de")


def test_field_without_a_translation_keeps_the_words_of_the_record() -> None:
    reading = in_language(RUFBUS, "en")
    assert reading.project.contact_role == "Stabsstelle"
    assert (reading.language_of("title"), reading.language_of("contact_role")) == ("en", "de")


@pytest.mark.parametrize("language", ["de", "pl", "fr"])
def test_reader_sees_the_original_where_the_text_has_no_translation(language: str) -> None:
    assert in_language(RUFBUS, language) == in_original(RUFBUS)
    assert not in_language(RUFBUS, language).is_translated
    assert in_language(RUFBUS, language).language_of("status") == "de"


def test_versions_begin_with_the_original() -> None:
    assert [(language, version.title) for language, version in versions(RUFBUS).items()] == [
        ("de", "Rufbus"), ("en", "Bus on demand"),
    ]  # fmt: skip


def test_status_is_the_translation_else_the_label() -> None:
    assert status_in(in_language(RUFBUS, "en"), "en") == "running"
    untranslated = Project(id="p", title="T", text="T", status="geplant", translations={"en": {"text": "T"}})
    assert status_in(in_language(untranslated, "en"), "en") == "planned"
    assert status_in(in_original(RUFBUS), "pl") == "działa"


@pytest.mark.parametrize("language", ["en", "pl"])
def test_every_translated_project_of_the_bundle_is_shown_in_both_languages(language: str) -> None:
    translated = [project for project in projects() if project.translations]
    assert len(translated) > 300
    for project in translated:
        reading = in_language(project, language)
        assert reading.is_translated
        assert all(reading.language_of(name) == language for name in TRANSLATED if getattr(project, name)), project.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_kind_and_funding_round_of_the_bundle_has_a_label(language: str) -> None:
    kinds = {project.kind for project in projects() if project.kind}
    rounds = {project.funding_round for project in projects() if project.funding_round}
    assert len({kind_in(kind, language) for kind in kinds}) == len(kinds)
    assert {kind for kind in kinds if kind_in(kind, language) == kind} == (kinds if language == "de" else set())
    assert "MORO" in rounds
    unchanged = {name for name in rounds if round_in(name, language) == name}
    assert unchanged == (rounds if language == "de" else {"MORO"})  # a name


@pytest.mark.parametrize("language", ["de", "pl"])
def test_every_licence_of_the_bundle_is_shown_in_the_language_of_the_reader(language: str) -> None:
    licences = {project.licence for project in projects() if "(" in project.licence}
    assert licences
    for licence in licences:
        name, _, _ = licence.partition(" (")
        shown = licence_in(licence, language)
        assert shown.startswith(f"{name} (")
        assert shown != licence
        assert licence_in(licence, "en") == licence


def test_licence_that_demands_a_name_stays_as_it_is() -> None:
    assert licence_in("CC BY 4.0 (Stadt Beispiel)", "pl") == "CC BY 4.0 (Stadt Beispiel)"


@pytest.mark.parametrize("state", STATES)
def test_label_of_a_state_is_a_name_that_questions_may_use(state: str) -> None:
    assert state_in(state, "de") == state
    assert {state_in(state, language) for language in LANGUAGES} <= {state, *STATES[state]}


@pytest.mark.parametrize(
    ("state", "language", "label"),
    [("Bayern", "en", "Bavaria"), ("Bayern", "pl", "Bawaria"), ("Berlin", "pl", "Berlin")],
)
def test_state_is_named_as_readers_of_the_language_name_it(state: str, language: str, label: str) -> None:
    assert state_in(state, language) == label


@pytest.mark.parametrize("words", ["", "Beirat", "Förderkreis"])
def test_words_without_a_label_stay_as_they_are(words: str) -> None:
    assert kind_in(words, "en") == round_in(words, "en") == words


@pytest.mark.parametrize(
    ("kind", "language", "label"),
    [("sieć", "de", "Netzwerk"), ("MASSNAHME", "en", "measure"), (" measure", "pl", "działanie")],
)
def test_kind_is_read_in_any_language(kind: str, language: str, label: str) -> None:
    assert kind_in(kind, language) == label
