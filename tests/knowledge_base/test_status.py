"""The free status words of records are read into the vocabulary, in three languages."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base import bundle, yaml_text
from knowledge_base.model import Project
from knowledge_base.status import Status, status_label, status_of
from knowledge_base.vocabulary import LANGUAGES, fold
from tests.knowledge_base.search.bundled import projects

STAYS_UNKNOWN = {  # of the bundle: the words name no status, or one that is open
    "Ausstieg erwogen (12/2023)",
    "Betreiber insolvent (2023), Zukunft offen (Stand Januar 2024)",
    "Grundlage des Modellprojekts",
    "Ziele des Modellprojekts (Stand 2020)",
    "angemietet",
    "vierte Phase bis Ende 2023",
}
READ = [
    ("in Betrieb, Ausbau geplant", Status.IN_OPERATION),
    ("Prototyp 2022, Plattform inzwischen im Einsatz", Status.IN_OPERATION),
    ("in Betrieb / Test", Status.IN_OPERATION),
    ("Live", Status.IN_OPERATION),
    ("zweite Runde läuft", Status.IN_OPERATION),
    ("gefördert, Umsetzung", Status.BEING_BUILT),
    ("Pilot 2023, Maßnahmen in Umsetzung (Stand 2024)", Status.BEING_BUILT),
    ("w trakcie realizacji (stan na 2023)", Status.BEING_BUILT),
    ("being implemented until the end of 2026", Status.BEING_BUILT),
    ("Pilot, Fortsetzung bis Ende 2027 geplant", Status.PILOT),
    ("pilot operation since 03/2025", Status.PILOT),
    ("faza testów", Status.PILOT),
    ("Pilotversuch beendet (2020)", Status.FINISHED),
    ("abgeschlossen, Ergebnisse liegen vor", Status.FINISHED),
    ("implemented", Status.FINISHED),
    ("zrealizowano", Status.FINISHED),
    ("Umsetzung ab 2023 geplant", Status.PLANNED),
    ("noch nicht in Betrieb", Status.PLANNED),
    ("grant notice handed over", Status.PLANNED),
    ("uchwalone (faza strategiczna)", Status.PLANNED),
    ("(geplant)", Status.PLANNED),
    ("nicht mehr in Betrieb", Status.GIVEN_UP),
    ("discontinued (September 2025)", Status.GIVEN_UP),
    ("zrezygnowano z cysterny", Status.GIVEN_UP),
    ("Idee", Status.IDEA),
    ("feasibility study", Status.IDEA),
    ("", Status.UNKNOWN),
    ("Ausbau bis 2030", Status.UNKNOWN),
    ("Betriebsrat informiert", Status.UNKNOWN),
]


@pytest.mark.parametrize(("words", "status"), READ)
def test_free_words_are_read_into_the_vocabulary(words: str, status: Status) -> None:
    assert status_of(words) is status
    assert status_of(words.upper()) is status


def test_almost_every_status_of_the_bundle_is_read() -> None:
    told = [project.status for project in projects() if project.status]
    counts = Counter(map(status_of, told))
    assert {words for words in told if status_of(words) is Status.UNKNOWN} == STAYS_UNKNOWN
    assert counts[Status.UNKNOWN] <= 0.02 * len(told)
    assert counts.keys() == set(Status) - {Status.IDEA}


@pytest.mark.parametrize("language", ["en", "pl"])
def test_translation_of_a_status_is_read_like_the_original(language: str) -> None:
    def different(project: Project) -> bool:
        return status_of(project.status) is not status_of(project.translations[language].get("status", ""))

    assert [project.id for project in projects() if project.translations and different(project)] == []


def test_every_status_has_a_label_in_every_language_that_is_read_as_itself() -> None:
    for status in Status:
        for language in LANGUAGES:
            label = status_label(status, language)
            assert label
            assert status_of(label) is status


def test_a_word_belongs_to_one_status() -> None:
    entries = yaml_text.read(bundle.STATUSES.read_text(encoding="utf-8"))["statuses"]
    assert sorted(entry["id"] for entry in entries) == sorted(Status)
    words = {(fold(word), entry["id"]) for entry in entries for words in entry["words"].values() for word in words}
    assert [word for word, count in Counter(word for word, _ in words).items() if count > 1] == []


@given(st.text())
def test_any_text_has_a_status(words: str) -> None:
    assert status_of(words) in Status
