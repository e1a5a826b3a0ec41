"""The language of short, messy questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.search.language import detect_language, guess_language

DEVELOPMENT = Path(__file__).parents[2] / "evaluation" / "bundle_dev.jsonl"
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
def test_language(language: str, question: str) -> None:
    assert guess_language(question) == language


@pytest.mark.parametrize("question", ["", "LoRaWAN", "Potsdam", "MPSC 2020", "???", "😀", "\0", "HIIG"])
def test_no_evidence(question: str) -> None:
    assert guess_language(question) is None
    assert detect_language(question, fallback="pl") == "pl"
    assert detect_language(question) == "de"


def test_nearly_all_development_questions_are_told_right() -> None:
    lines = [json.loads(line) for line in DEVELOPMENT.read_text("utf-8").splitlines()]
    asked = [line for line in lines if line["kind"] != "cross"]  # two languages in one
    wrong = [line["question"] for line in asked if detect_language(line["question"]) != line["lang"]]
    assert len(wrong) <= 0.03 * len(asked), wrong


@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    assert detect_language(text) in {"de", "en", "pl"}
    assert guess_language(text) == guess_language(text)
