"""The bot recognises the language of short, messy questions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.language.detect import detect_language, guess_language

EVALUATION = Path(__file__).parents[2] / "evaluation"
DEVELOPMENT = EVALUATION / "bundle_dev.jsonl"
PHRASES = [json.loads(line) for line in (EVALUATION / "language_phrases.jsonl").read_text("utf-8").splitlines()]
CASES = [
    ("de", "Wer hat Mobilitätsprojekte gemacht?"), ("de", "Hitzeschutz"), ("de", "katastrofenschutz wer macht das"),
    ("de", "oepnv on demand stand??"), ("de", "Ansprechpartner Potsdam"), ("de", "und in Potsdam?"),
    ("de", "nur kleine"),
    ("de", "Was bedeutet das?"), ("de", "buergerbeteiligung"), ("de", "Waldbrandsensoren im Einsatz"),
    ("de", "moin, gibts ne app"),
    ("en", "Who did mobility projects?"), ("en", "water management"), ("en", "any1 w/ heat plan"),
    ("de", "Leerstand in Ingolstadt"), ("en", "tree inventory"),
    ("en", "only rural ones"), ("en", "what about energy?"), ("en", "open data portal of Freiburg"), ("en", "flooding"),
    ("en", "who runs the Bürgerhaushalt in Berlin"), ("en", "contact person for the Kiezbox"),
    ("pl", "Kto robił projekty?"), ("pl", "otwarte dane"), ("pl", "a na wsi?"), ("pl", "kto ma cos z lorawan czujniki"),
    ("pl", "powodz i pozary lasu guben"), ("pl", "darmowe wifi"), ("pl", "co slychac"), ("pl", "szpital rejestracja"),
    ("pl", "Bürgerbeteiligung online, jakie miasta mają?"), ("pl", "ochrona przed upałem"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "question"), CASES)
def test_language_of_a_question_is_recognised(language: str, question: str) -> None:
    assert guess_language(question) == language


@pytest.mark.parametrize(
    "question", ["", "LoRaWAN", "Potsdam", "Smart Water", "Open Data", "test", "MPSC 2020", "???", "😀", "\0", "HIIG"]
)
def test_question_without_evidence_takes_the_fallback_language(question: str) -> None:
    assert guess_language(question) is None
    assert detect_language(question, fallback="pl") == "pl"
    assert detect_language(question) == "de"


def test_language_of_97_percent_of_the_development_questions_is_recognised() -> None:
    lines = [json.loads(line) for line in DEVELOPMENT.read_text("utf-8").splitlines()]
    asked = [line for line in lines if line["kind"] != "cross"]  # two languages in one
    wrong = [line["question"] for line in asked if detect_language(line["question"]) != line["lang"]]
    assert len(wrong) <= 0.03 * len(asked), wrong


@pytest.mark.parametrize("phrase", PHRASES, ids=lambda phrase: phrase["phrase"])
def test_phrase_that_exists_in_the_chat_language_never_switches_the_language(phrase: dict[str, Any]) -> None:
    for language in phrase["languages"]:
        assert detect_language(phrase["phrase"], fallback=language) == language


def test_most_phrases_of_a_different_language_switch_the_language() -> None:
    missed = [
        (language, phrase["phrase"])
        for phrase in PHRASES
        for language in {"de", "en", "pl"} - set(phrase["languages"])
        if detect_language(phrase["phrase"], fallback=language) not in phrase["languages"]
    ]
    assert len(missed) <= 12, missed


@given(st.text(max_size=300))
def test_any_text_has_a_supported_language(text: str) -> None:
    assert detect_language(text) in {"de", "en", "pl"}
    assert guess_language(text) == guess_language(text)
