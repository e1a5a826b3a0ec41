"""Sentences in three languages in which a word means a place, or is an ordinary word (``sentences.jsonl``).

The weights are fitted on every other sentence, so the floors are for both halves.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from knowledge_base.places.context import WEIGHTS
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.places.words import folded_name, words_of

Sentence = tuple[str, str, list[str]]
RIGHT = 0.95  # of the sentences
FALSE = 0.02  # of the sentences: a place where there is none


@cache
def sentences() -> list[Sentence]:
    lines = Path(__file__).with_name("sentences.jsonl").read_text("utf-8").splitlines()
    read = [json.loads(line) for line in lines]
    return [(line["text"], line["lang"], [folded_name(name) for name in line["places"]]) for line in read]


@cache
def known() -> Gazetteer:
    return Gazetteer(())


def found(text: str, language: str) -> list[str]:
    words = words_of(text)
    return [" ".join(word.folded for word in words[m.first : m.last]) for m in known().find(words, language)]


@pytest.mark.parametrize("half", [0, 1], ids=["fit", "check"])
def test_sentences_mean_places_where_readers_read_them(half: int) -> None:
    chosen = sentences()[half::2]
    right = [found(text, language) == places for text, language, places in chosen]
    false = [text for text, language, places in chosen if set(found(text, language)) - set(places)]
    assert sum(right) / len(right) >= RIGHT
    assert len(false) / len(chosen) <= FALSE


def test_sentences_are_many_and_balanced() -> None:
    with_place = sum(bool(places) for _, _, places in sentences())
    assert len(sentences()) >= 300
    assert 0.4 <= with_place / len(sentences()) <= 0.6
    assert {language for _, language, _ in sentences()} == {"de", "en", "pl"}


def test_decision_has_few_weights() -> None:
    assert len(WEIGHTS) <= 9  # with LARGE_TOWN, ten constants
