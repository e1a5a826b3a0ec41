"""The vocabulary maps words to topics and funding rounds, and explains errors in its files."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base import bundle
from knowledge_base.errors import InputError
from knowledge_base.vocabulary import LANGUAGES, Vocabulary, bundled, fold

DATA = os.environ.get("STADTLOTSE_TEST_DATA")


@pytest.mark.parametrize(
    ("word", "topic"),
    [
        ("Mobilität", "mobility"),
        ("mobilitaet", "mobility"),
        ("MOBILITAT", "mobility"),
        ("Verkehrswende", "mobility"),
        ("traffic", "mobility"),
        ("Bus und Bahn", "public-transport"),
        ("ÖPNV", "public-transport"),
        ("komunikacja miejska", "public-transport"),
        ("Komunikacji Miejskiej", "public-transport"),
        ("Open-Data", "open-data"),
        ("  open   data ", "open-data"),
        ("Hochwasser", "civil-protection"),
        ("flood", "civil-protection"),
        ("powodz", "civil-protection"),
        ("Heatwave", "climate-adaptation"),
        ("upaly", "climate-adaptation"),
        ("Hitze", "climate-adaptation"),
        ("Pflege", "health"),
        ("szkoła", "education"),
        ("szkola", "education"),
        ("Ehrenamt", "community"),
        ("Sensoren", "sensors"),
        ("Künstliche Intelligenz", "artificial-intelligence"),
        ("civil-protection", "civil-protection"),
    ],
)
def test_a_word_of_any_language_and_spelling_finds_its_topic(word: str, topic: str) -> None:
    found = bundled().topic_of(word)
    assert found is not None
    assert found.id == topic


@pytest.mark.parametrize("word", ["", " ", "-", "Kernfusion", "wielorybnictwo"])
def test_an_unknown_word_has_no_topic(word: str) -> None:
    assert bundled().topic_of(word) is None
    assert bundled().round_of(word) is None


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("MPSC 1. Staffel 2019", "MPSC 1. Staffel 2019"),
        ("erste Staffel", "MPSC 1. Staffel 2019"),
        ("second round", "MPSC 2. Staffel 2020"),
        ("trzecia edycja", "MPSC 3. Staffel 2021"),
        ("2019er Staffel", "MPSC 1. Staffel 2019"),
        ("moro", "MORO"),
    ],
)
def test_funding_round_is_found_by_its_other_names(word: str, name: str) -> None:
    funding_round = bundled().round_of(word)
    assert funding_round is not None
    assert funding_round.name == name


def test_three_funding_rounds_have_73_projects_together() -> None:
    rounds = [
        funding_round for funding_round in bundled().rounds if funding_round.programme == "Modellprojekte Smart Cities"
    ]
    assert [funding_round.year for funding_round in rounds] == [2019, 2020, 2021]
    assert sum(funding_round.projects or 0 for funding_round in rounds) == 73
    assert all(funding_round.sources and funding_round.licence for funding_round in bundled().rounds)


def test_every_topic_has_labels_and_synonyms_in_every_language() -> None:
    vocabulary = bundled()
    assert vocabulary.label("energy", "pl") == "Energia"
    assert vocabulary.label("energy", "fr") == "Energie"
    assert vocabulary.wider("public-transport") == ("public-transport", "mobility")
    assert all(set(topic.labels) == set(LANGUAGES) for topic in vocabulary.topics)
    assert all(topic.synonyms[language] for topic in vocabulary.topics for language in LANGUAGES)


def test_error_for_an_unknown_topic_id_lists_the_known_ids() -> None:
    with pytest.raises(InputError, match=r"“whaling”.*mobility"):
        bundled().label("whaling", "de")


def test_the_vocabulary_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        bundled().topics = ()  # type: ignore[misc]


@given(st.text())
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=200))
def test_any_text_can_be_looked_up(text: str) -> None:
    topic = bundled().topic_of(text)
    assert topic is None or topic in bundled().topics


TOPIC = {"id": "energy", "labels": {"de": "Energie", "en": "Energy", "pl": "Energia"}}


@pytest.mark.parametrize(
    ("topics", "message"),
    [
        ([TOPIC, TOPIC], "same id"),
        ([{**TOPIC, "broader": "nothing"}], "no wider topic “nothing”"),
        ([{**TOPIC, "broader": "energy"}], "circle"),
        ([TOPIC, {**TOPIC, "id": "heat"}], "“Energie” would mean both energy and heat"),
        ([{"id": "energy"}], r"entry 1 \(energy\): “labels” is missing"),
        ([{**TOPIC, "lables": {}}], "“lables” is not a field"),
        ([{**TOPIC, "labels": {"de": "Energie"}}], "exactly de, en, pl"),
        ([{**TOPIC, "synonyms": {"fr": ["énergie"]}}], "de, en, pl only"),
        ([{**TOPIC, "synonyms": {"de": [False]}}], "quotes"),
        ([{**TOPIC, "synonyms": {"de": "Strom"}}], "has to be a list"),
        (["energy"], "list of entries"),
        ({"energy": TOPIC}, "list of entries"),
    ],
)
def test_invalid_topic_is_refused_with_a_clear_error(tmp_path: Path, topics: object, message: str) -> None:
    file = tmp_path / "topics.yaml"
    file.write_text(yaml.safe_dump({"licence": "CC0-1.0", "topics": topics}, allow_unicode=True), encoding="utf-8")
    with pytest.raises(InputError, match=message):
        Vocabulary.load(topics=file)


@pytest.mark.parametrize("content", [b"topics: [", b"\xff\xfe", b"!!python/object/apply:os.getcwd []", b""])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "topics.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=r"topics\.yaml"):
        Vocabulary.load(topics=file)


def test_funding_round_with_a_year_as_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "rounds.yaml"
    entry = {"id": "a", "name": "A", "programme": "A", "sources": ["https://example.org"], "year": "2019"}
    file.write_text(yaml.safe_dump({"rounds": [entry]}), encoding="utf-8")
    with pytest.raises(InputError, match="“year” has to be a whole number"):
        Vocabulary.load(rounds=file)


def test_every_topic_word_of_the_bundle_is_known() -> None:
    paths = [path for path in bundle.files() if not path.name.startswith("municipalities")]
    rows = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    words = {word for row in rows for word in row.get("topics", [])}
    assert len(words) > 50
    assert sorted(word for word in words if bundled().topic_of(word) is None) == []


@pytest.mark.skipif(not DATA, reason="STADTLOTSE_TEST_DATA is not set")
def test_every_topic_word_of_the_other_collections_is_known() -> None:
    paths = sorted(Path(DATA or "", "corpora").glob("*.jsonl"))
    rows = [json.loads(line) for path in paths for line in path.read_text(encoding="utf-8").splitlines()]
    words = {word for row in rows for word in row.get("topics") or []}
    assert len(words) > 30
    assert sorted(word for word in words if bundled().topic_of(word) is None) == []
