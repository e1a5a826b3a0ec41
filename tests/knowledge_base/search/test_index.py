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


INDEX = Index.build(PROJECTS, {})
FULL = Index.build(PROJECTS, vectors(PROJECTS))
QUERY = (np.ones(24) / 24**0.5).astype(np.float32)


def ids(index: Index, result: Candidates) -> list[str]:
    return [index.projects[doc].id for doc in result.docs]


def same(one: Candidates, other: Candidates) -> bool:
    return all(np.array_equal(getattr(one, f), getattr(other, f), equal_nan=True) for f in Candidates.__slots__)


@pytest.mark.parametrize(
    ("question", "language", "best"),
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
def test_words_find_the_project_in_each_language(question: str, language: str, best: str) -> None:
    result = INDEX.candidates(question, None, language)
    assert ids(INDEX, result)[0] == best
    assert np.isnan(result.dense).all()


def test_document_without_a_vector_is_still_found_by_its_words() -> None:
    index = Index.build(PROJECTS, vectors(PROJECTS[1:]))
    result = index.candidates("Rufbus", QUERY, "de")
    assert ids(index, result)[0] == "bus"
    assert np.isnan(result.dense[0])
    assert not np.isnan(result.dense[1:]).any()


def test_candidates_are_sorted_by_scores_between_0_and_1() -> None:
    result = FULL.candidates("Sensoren messen Hochwasser in Potsdam", QUERY, "de")
    assert len(result) == len(PROJECTS)
    assert (np.diff(result.score) <= 0).all()
    for values in (result.score, result.coverage, result.phrase):
        assert ((values >= 0) & (values <= 1)).all()


def test_coverage_is_full_for_words_of_the_document_and_less_for_unknown_words() -> None:
    assert INDEX.candidates("Sensoren Hochwasser", None, "de").coverage[0] == pytest.approx(1.0)
    assert INDEX.candidates("Sensoren Quastenflosser", None, "de").coverage[0] < 0.6


def test_expansion_words_find_documents_but_do_not_count_as_coverage() -> None:
    result = INDEX.candidates("Mobilität", None, "de", expansions=["Radverkehr"])
    assert ids(INDEX, result)[0] == "rad"
    assert result.coverage[0] == 0.0


def test_document_with_the_asked_words_side_by_side_ranks_higher() -> None:
    projects = [
        Project(id="a", title="Eins", text="Daten werden offen geteilt, eine Plattform kommt später."),
        Project(id="b", title="Zwei", text="Offen: eine Daten Plattform, später geteilt werden kommt."),
    ]
    index = Index.build(projects, {})
    result = index.candidates("Daten Plattform", None, "de")
    assert ids(index, result) == ["b", "a"]
    assert result.phrase.tolist() == [1.0, 0.0]


def test_best_passage_belongs_to_its_document() -> None:
    result = FULL.candidates("Energieverbrauch", QUERY, "de")
    place = ids(FULL, result).index("strom")
    passage = FULL.passage(int(result.docs[place]), int(result.passage[place]))
    assert "Energieverbrauch" in passage.body


@pytest.mark.parametrize(
    "question", ["", " ", "😀", "\x00", "der die das", "a" * 100_000, "Wort " * 20_000, "\ud800", '"*()AND']
)
@pytest.mark.parametrize("language", ["de", "en", "pl", "", "zz"])
def test_index_answers_hostile_questions_without_an_error(question: str, language: str) -> None:
    for vector in (None, QUERY, np.zeros(24, np.float32), np.ones(7, np.float32)):
        result = FULL.candidates(question, vector, language)
        assert len(result) <= len(PROJECTS)
        assert np.isfinite(result.score).all()


@settings(max_examples=50)
@given(st.text(st.characters(), max_size=200), st.sampled_from(("de", "en", "pl")))
def test_any_question_gives_the_same_answer_twice(question: str, language: str) -> None:
    assert same(FULL.candidates(question, QUERY, language), FULL.candidates(question, QUERY, language))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(st.characters(), max_size=80), max_size=6), st.text(st.characters(), max_size=40))
def test_any_corpus_can_be_indexed_and_searched(texts: list[str], question: str) -> None:
    projects = tuple(Project(id=str(i), title=text[:20], text=text) for i, text in enumerate(texts))
    index = Index.build(projects, vectors(projects))
    assert len(index.candidates(question, QUERY, "de")) <= len(projects)


def test_an_empty_index_has_no_candidates() -> None:
    assert len(Index.build((), {}).candidates("Wer?", QUERY, "de")) == 0


def test_equal_documents_are_sorted_by_id() -> None:
    twins = tuple(replace(PROJECTS[0], id=id_) for id_ in ("z", "a", "m"))
    index = Index.build(twins, vectors(twins))
    assert ids(index, index.candidates("Rufbus", QUERY, "de")) == ["a", "m", "z"]


def test_order_of_the_projects_does_not_change_the_candidates() -> None:
    other = Index.build(PROJECTS[::-1], vectors(PROJECTS))
    assert same(
        FULL.candidates("Sensoren in Potsdam", QUERY, "de"), other.candidates("Sensoren in Potsdam", QUERY, "de")
    )


def test_updated_index_equals_a_rebuilt_index_and_leaves_the_old_index_unchanged() -> None:
    changed = replace(PROJECTS[1], text="Jetzt geht es um Waldbrand und Rauch.")
    new = Project(id="neu", title="Ganz neu", text="Ein Quartiersladen für alle.")
    after = (PROJECTS[0], changed, *PROJECTS[3:], new)
    updated = FULL.updated([changed, new], ["kita", "unknown"], vectors(after))
    rebuilt = Index.build(after, vectors(after))
    for question in ("Waldbrand", "Quartiersladen", "Hochwasser", "Kita", "Sensoren in Potsdam"):
        assert same(updated.candidates(question, QUERY, "de"), rebuilt.candidates(question, QUERY, "de"))
    assert ids(FULL, FULL.candidates("Hochwasser", None, "de"))[0] == "flut"


def test_large_corpus_has_no_grams_and_still_forgives_a_typo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lexical, "GRAMS_BELOW", 3)
    large = Index.build(PROJECTS, {})
    assert large.lexical.grams is None
    assert ids(large, large.candidates("Hochwaser", None, "de"))[0] == "flut"


def test_equal_short_documents_share_one_text_to_embed() -> None:
    needed = Index.texts_needed([PROJECTS[0], replace(PROJECTS[0], id="twin")])
    assert list(needed.values()) == ["Rufbus auf Abruf\nKleinbusse fahren im ländlichen Raum, wenn man sie ruft."]
