"""The terms of documents and questions."""

from __future__ import annotations

import numpy as np
import pytest

from knowledge_base.model import Project
from knowledge_base.search.lexical import MAX_CONCEPTS, Lexical, TermQuery, read
from knowledge_base.search.tuning import FRAME, TITLE, TOPIC_EXPLAINS

DOCS = (
    Project(id="a", title="Parkplatz", text="Die Stadt misst freie Parkplätze am Bahnhof."),
    Project(id="b", title="Bahnhof", text="Der Platz am Bahnhof wird umgebaut.", topics=("Stadtentwicklung",)),
)
SIDE = Lexical.build(DOCS)
BOTH = np.array([0, 1])


def test_words_count_by_the_weight_of_their_piece_and_stop_words_do_not_count() -> None:
    corpus = read([[("Parkplatz", "de", TITLE), ("Der Bahnhof", "de", 1.0)], [("Bahnhof am Bahnhof", "de", 1.0)]])
    counts = corpus.counts()
    weight = {
        (corpus.forms[f], int(d)): float(w) for f, d, w in zip(counts.form, counts.doc, counts.weight, strict=True)
    }
    assert weight == {("parkplatz", 0): TITLE, ("bahnhof", 0): 1.0, ("bahnhof", 1): 2.0}


def test_words_of_other_languages_carry_their_language_code() -> None:
    assert read([[("The station", "en", 1.0)]]).forms == ["en:station"]


def test_word_of_the_title_counts_more_than_one_of_the_text() -> None:
    title = Project(id="t", title="Bahnhof", text="Die Stadt plant.")
    text = Project(id="u", title="Stadt", text="Sie plant: Bahnhof.")
    side = Lexical.build((title, text))
    scores = side.scores(side.query("Bahnhof", "de"))
    assert scores[0] > scores[1] > 0


def test_translation_is_found_by_the_words_of_its_language() -> None:
    translated = Project(
        id="t", title="Eins", text="Deutsch.", translations={"en": {"title": "X", "text": "A wallaby."}}
    )
    side = Lexical.build((translated, DOCS[0]))
    query = side.query("wallaby", "en")
    assert side.scores(query)[0] > 0
    assert side.coverage(query, BOTH).tolist() == [1.0, 0.0]


def asked_of(*projects: Project, question: str) -> tuple[Lexical, TermQuery]:
    side = Lexical.build(projects)
    return side, side.query(question, "de")


def test_questions_that_a_record_answers_find_it_and_explain_the_question() -> None:
    asked = Project(id="q", title="Eins", text="Ein Text.", asked_as={"de": ("Wer zählt Wallabys?",)})
    side, query = asked_of(asked, DOCS[0], question="Wallabys")
    assert side.scores(query)[0] > side.scores(query)[1] == 0
    assert side.coverage(query, BOTH).tolist() == [1.0, 0.0]


def test_words_around_the_subject_find_a_record_count_less_and_need_no_explanation() -> None:
    alone, framed = SIDE.query("Bahnhof", "de"), SIDE.query("Bahnhof", "de", "Umgebaut am Bahnhof")
    assert len(framed.concepts) == 2
    gain = SIDE.scores(framed) - SIDE.scores(alone)
    np.testing.assert_allclose(gain, SIDE.scores(SIDE.query("umgebaut", "de")) * np.float32(FRAME), rtol=1e-5)
    assert SIDE.coverage(framed, BOTH).tolist() == SIDE.coverage(alone, BOTH).tolist()


def test_words_of_the_vocabulary_for_a_topic_find_the_record_and_explain_in_part() -> None:
    tagged = Project(id="t", title="Eins", text="Ein Text.", topics=("Klimaanpassung",))
    side, query = asked_of(tagged, DOCS[0], question="Hitzeschutz")
    assert side.scores(query)[0] > side.scores(query)[1]
    assert side.coverage(query, BOTH).tolist() == [pytest.approx(TOPIC_EXPLAINS), 0.0]


def test_concept_contains_the_synonyms_of_a_word() -> None:
    (concept,) = SIDE.query("station", "en").concepts
    assert {"bahnhof", "station"} <= {term for term, _ in concept}


def test_question_asks_each_word_once_and_a_limited_number_of_words() -> None:
    assert len(SIDE.query("Bahnhof Bahnhof", "de").concepts) == 1
    assert len(SIDE.query(" ".join(f"wort{i}" for i in range(500)), "de").concepts) == MAX_CONCEPTS


def test_compound_ranks_above_a_document_with_only_a_part_of_the_word() -> None:
    scores = SIDE.scores(SIDE.query("Parkplatz", "de"))
    assert scores[0] > scores[1]


def test_coverage_is_the_share_of_the_asked_words() -> None:
    coverage = SIDE.coverage(SIDE.query("freie Parkplätze", "de"), BOTH)
    assert coverage[0] == 1.0
    assert coverage[1] < 0.5


def test_word_that_no_document_holds_weighs_as_much_as_the_rarest() -> None:
    assert SIDE.coverage(SIDE.query("Parkplätze Quastenflosser", "de"), BOTH)[0] < 0.6


def test_mistyped_word_is_searched_as_the_nearest_known_word() -> None:
    (concept,) = SIDE.query("Banhhof", "de").concepts
    assert "bahnhof" in {term for term, _ in concept}
