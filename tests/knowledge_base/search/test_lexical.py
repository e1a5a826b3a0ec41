"""The terms of documents and questions."""

from __future__ import annotations

import numpy as np

from knowledge_base.model import Project
from knowledge_base.search.lexical import MAX_CONCEPTS, TITLE, Lexical, read

DOCS = (
    Project(id="a", title="Parkplatz", text="Die Stadt misst freie Parkplätze am Bahnhof."),
    Project(id="b", title="Bahnhof", text="Der Platz am Bahnhof wird umgebaut.", topics=("Stadtentwicklung",)),
)
SIDE = Lexical.build(DOCS)


def test_title_words_count_more_and_stop_words_do_not_count() -> None:
    corpus = read(DOCS)
    counts = corpus.counts()
    weight = {
        (corpus.forms[f], int(d)): float(w) for f, d, w in zip(counts.form, counts.doc, counts.weight, strict=True)
    }
    assert weight["parkplatz", 0] == TITLE
    assert weight["bahnhof", 1] == TITLE + 1
    assert weight["stadtentwicklung", 1] == 1
    assert "die" not in corpus.forms


def test_words_of_other_languages_carry_their_language_code() -> None:
    assert read([Project(id="e", title="The station", text="", lang="en")]).forms == ["en:station"]


def test_concept_contains_the_synonyms_of_a_word() -> None:
    (concept,) = SIDE.query("station", "en").concepts
    assert {"bahnhof", "station"} <= {term for term, _ in concept}


def test_question_asks_each_word_once_and_a_limited_number_of_words() -> None:
    assert len(SIDE.query("Bahnhof Bahnhof", "de").concepts) == 1
    assert len(SIDE.query(" ".join(f"wort{i}" for i in range(500)), "de").concepts) == MAX_CONCEPTS


def test_compound_ranks_above_a_document_with_only_a_part_of_the_word() -> None:
    scores = SIDE.scores(SIDE.query("Parkplatz", "de"))
    assert scores[0] > scores[1]


def test_phrases_and_coverage_are_shares_of_the_asked_words() -> None:
    docs = np.array([0, 1])
    query = SIDE.query("freie Parkplätze", "de")
    assert SIDE.phrases(query, docs).tolist() == [1.0, 0.0]
    coverage = SIDE.coverage(query, docs)
    assert coverage[0] == 1.0
    assert coverage[1] < 0.5


def test_mistyped_word_is_searched_as_the_nearest_known_word() -> None:
    (concept,) = SIDE.query("Banhhof", "de").concepts
    assert "bahnhof" in {term for term, _ in concept}
