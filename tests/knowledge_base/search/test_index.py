"""Which candidates the index proposes for a question."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.model import Project
from knowledge_base.search import lexical
from knowledge_base.search.dense import encode
from knowledge_base.search.index import Candidates, Index

Floats = npt.NDArray[np.float32]
PROJECTS = (
    Project(
        id="bus",
        title="Rufbus auf Abruf",
        text="Kleinbusse fahren im ländlichen Raum, wenn man sie ruft.",
        municipality="Wiesenburg",
    ),
    Project(
        id="flut",
        title="Pegelmessnetz",
        text="Sensoren warnen vor Hochwasser an kleinen Flüssen.",
        municipality="Guben",
    ),
    Project(id="kita", title="Kita-Portal", text="Eltern melden ihr Kind online für einen Kindergartenplatz an."),
    Project(
        id="rad",
        title="Radverkehrszählung",
        text="Zählstellen messen den Radverkehr auf Radwegen in Potsdam.",
        municipality="Potsdam",
    ),
    Project(
        id="strom", title="Energiemonitoring", text="Zähler in Schulen zeigen den Energieverbrauch der Gebäude. " * 20
    ),
    Project(id="en", title="Flood sensors", text="Measuring stations report rising rivers.", lang="en"),
)


def vectors(projects: tuple[Project, ...]) -> dict[bytes, bytes]:
    """A vector for each text, made up from its hash."""
    needed = Index.texts_needed(projects)
    rows = [np.random.default_rng(list(key)).standard_normal(24) for key in needed]
    result = np.array([row / np.linalg.norm(row) for row in rows], np.float32).reshape(-1, 24)
    return dict(zip(needed, encode(result), strict=True))


NOBODY = np.zeros(0, np.int64)
INDEX = Index.build(PROJECTS, {})
FULL = Index.build(PROJECTS, vectors(PROJECTS))
QUERY = (np.ones(24) / 24**0.5).astype(np.float32)


def candidates(index: Index, question: str, vector: Floats | None = None, language: str = "de") -> Candidates:
    return index.candidates(index.lexical.query(question, language), vector, language, NOBODY, 200)


def best(index: Index, question: str, language: str = "de") -> str:
    """The id of the document that fits a question's words best."""
    result = candidates(index, question, language=language)
    return index.projects[int(result.docs[result.words.argmax()])].id


def ids(index: Index, result: Candidates) -> list[str]:
    return [index.projects[doc].id for doc in result.docs]


def same(one: Candidates, other: Candidates) -> bool:
    return all(np.array_equal(getattr(one, f), getattr(other, f), equal_nan=True) for f in Candidates.__slots__)


@pytest.mark.parametrize(
    ("question", "language", "expected"),
    [
        ("Wer warnt vor Hochwasser?", "de", "flut"),
        ("Radweg", "de", "rad"),
        ("Verkehr mit dem Rad", "de", "rad"),
        ("Energieverbrauch von Schulgebäuden", "de", "strom"),
        ("Enregiemonitorng", "de", "strom"),
        ("Kindergartenplaetze", "de", "kita"),
        ("projekte in guben", "de", "flut"),
        ("Where can parents register for daycare?", "en", "kita"),
        ("flood warning in small rivers", "en", "flut"),
        ("rising rivers", "en", "en"),
        ("Kto ostrzega przed powodzią?", "pl", "flut"),
        ("autobus na wsi", "pl", "bus"),
    ],
)
def test_words_find_the_project_in_each_language(question: str, language: str, expected: str) -> None:
    assert best(INDEX, question, language) == expected
    result = candidates(INDEX, question, language=language)
    assert np.isnan(result.text).all()
    assert np.isnan(result.asked).all()


def test_document_without_a_vector_is_still_found_by_its_words() -> None:
    index = Index.build(PROJECTS, vectors(PROJECTS[1:]))
    result = candidates(index, "Rufbus", QUERY)
    assert ids(index, result)[0] == "bus"
    assert result.words[0] > 0
    assert np.isnan(result.text[0])
    assert not np.isnan(result.text[1:]).any()


def test_candidates_ascend_and_their_shares_lie_between_0_and_1() -> None:
    result = candidates(FULL, "Sensoren messen Hochwasser in Potsdam", QUERY)
    assert result.docs.tolist() == list(range(len(PROJECTS)))
    assert ((result.coverage >= 0) & (result.coverage <= 1)).all()


def test_only_the_best_of_each_side_and_those_named_are_candidates() -> None:
    query = FULL.lexical.query("Hochwasser", "de")
    result = FULL.candidates(query, QUERY, "de", np.array([1]), 1)
    assert 2 <= len(result) <= 3
    assert ids(FULL, result) == sorted(ids(FULL, result))
    assert {"flut", FULL.projects[1].id} <= set(ids(FULL, result))


def test_questions_of_a_record_explain_the_words_that_they_hold() -> None:
    index = Index.build([replace(PROJECTS[0], asked_as={"de": ("Wer zählt Wallabys?",)}), PROJECTS[1]], {})
    result = candidates(index, "Wallabys")
    assert ids(index, result) == ["bus"]
    assert result.coverage.tolist() == [1.0]


def test_coverage_is_full_for_words_of_the_document_and_less_for_unknown_words() -> None:
    assert candidates(INDEX, "Sensoren Hochwasser").coverage.max() == pytest.approx(1.0)
    assert candidates(INDEX, "Sensoren Quastenflosser").coverage.max() < 0.6


def test_best_passage_belongs_to_its_document() -> None:
    result = candidates(FULL, "Energieverbrauch", QUERY)
    place = ids(FULL, result).index("strom")
    passage = FULL.passage(int(result.docs[place]), int(result.passage[place]))
    assert "Energieverbrauch" in passage.body


@pytest.mark.parametrize(
    "question", ["", " ", "😀", "\x00", "der die das", "a" * 100_000, "Wort " * 20_000, "\ud800", '"*()AND']
)
@pytest.mark.parametrize("language", ["de", "en", "pl", "", "zz"])
def test_index_answers_hostile_questions_without_an_error(question: str, language: str) -> None:
    for vector in (None, QUERY, np.zeros(24, np.float32), np.ones(7, np.float32)):
        result = candidates(FULL, question, vector, language)
        assert len(result) <= len(PROJECTS)
        assert np.isfinite(result.words).all()


@settings(max_examples=50)
@given(st.text(st.characters(), max_size=200), st.sampled_from(("de", "en", "pl")))
def test_any_question_gives_the_same_answer_twice(question: str, language: str) -> None:
    assert same(candidates(FULL, question, QUERY, language), candidates(FULL, question, QUERY, language))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=80), max_size=6), st.text(st.characters(), max_size=40))
def test_any_corpus_can_be_indexed_and_searched(texts: list[str], question: str) -> None:
    projects = tuple(Project(id=str(i), title=text[:20], text=text) for i, text in enumerate(texts))
    index = Index.build(projects, vectors(projects))
    assert len(candidates(index, question, QUERY)) <= len(projects)


def test_an_empty_index_has_no_candidates() -> None:
    assert len(candidates(Index.build((), {}), "Wer?", QUERY)) == 0


def test_equal_documents_are_sorted_by_id() -> None:
    twins = tuple(replace(PROJECTS[0], id=id_) for id_ in ("z", "a", "m"))
    index = Index.build(twins, vectors(twins))
    assert ids(index, candidates(index, "Rufbus", QUERY)) == ["a", "m", "z"]


def test_order_of_the_projects_does_not_change_the_candidates() -> None:
    other = Index.build(PROJECTS[::-1], vectors(PROJECTS))
    assert same(candidates(FULL, "Sensoren in Potsdam", QUERY), candidates(other, "Sensoren in Potsdam", QUERY))


def test_updated_index_equals_a_rebuilt_index_and_leaves_the_old_index_unchanged() -> None:
    changed = replace(PROJECTS[1], text="Jetzt geht es um Waldbrand und Rauch.")
    new = Project(id="neu", title="Ganz neu", text="Ein Quartiersladen für alle.")
    after = (PROJECTS[0], changed, *PROJECTS[3:], new)
    updated = FULL.updated([changed, new], ["kita", "unknown"], vectors(after))
    rebuilt = Index.build(after, vectors(after))
    for question in ("Waldbrand", "Quartiersladen", "Hochwasser", "Kita", "Sensoren in Potsdam"):
        assert same(candidates(updated, question, QUERY), candidates(rebuilt, question, QUERY))
    assert best(FULL, "Hochwasser") == "flut"


def test_large_corpus_has_no_grams_and_still_forgives_a_typo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "GRAMS_BELOW", 3)
    large = Index.build(PROJECTS, {})
    assert large.lexical.grams is None
    assert best(large, "Hochwaser") == "flut"


def test_equal_short_documents_share_one_text_to_embed() -> None:
    needed = Index.texts_needed([PROJECTS[0], replace(PROJECTS[0], id="twin")])
    assert list(needed.values()) == ["Rufbus auf Abruf\nKleinbusse fahren im ländlichen Raum, wenn man sie ruft."]
