"""Inverted lists with BM25 impacts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from knowledge_base.search.postings import K1, B, Counts, Postings, expand_rows

# Form 0 means "x"; form 1 means "y" and, half, "x". Document 0 holds both, 1 only form 1 twice, 2 nothing.
COUNTS = Counts(
    form=np.array([0, 1, 1], np.int32),
    doc=np.array([0, 0, 1], np.int32),
    weight=np.array([1, 1, 2], np.float32),
    size=3,
)
POSTINGS = Postings.build(COUNTS, [[("x", 1.0)], [("y", 1.0), ("x", 0.5)]])


def test_impacts_are_bm25_of_the_weighted_counts() -> None:
    docs, impacts = POSTINGS.of("x")
    assert docs.tolist() == [0, 1]
    frequency, length, mean = 1.5, 2.5, (2.5 + 3.0 + 0.0) / 3
    idf = math.log1p((3 - 2 + 0.5) / (2 + 0.5))
    expected = idf * frequency * (K1 + 1) / (frequency + K1 * (1 - B + B * length / mean))
    assert impacts[0] == pytest.approx(expected, rel=1e-5)


def test_synonyms_give_the_best_score_and_not_the_sum() -> None:
    scores, scratch = np.zeros(3, np.float32), np.zeros(3, np.float32)
    POSTINGS.add_best(scores, [("x", 1.0), ("y", 1.0), ("unknown", 1.0)], scratch)
    best = [max(POSTINGS.of("x")[1][i], POSTINGS.of("y")[1][i]) for i in (0, 1)]
    assert scores.tolist() == pytest.approx([*best, 0.0])
    assert not scratch.any()


def test_postings_tell_which_documents_contain_a_term() -> None:
    asked = np.array([0, 1, 2])
    assert POSTINGS.holds("y", asked).tolist() == [True, True, False]
    assert not POSTINGS.holds("unknown", asked).any()
    assert POSTINGS.idf_of("unknown") == 0.0 < POSTINGS.idf_of("y")


def test_empty_corpus_can_be_indexed() -> None:
    none = np.zeros(0, np.int32)
    empty = Postings.build(Counts(none, none, np.zeros(0, np.float32), 0), [])
    assert len(empty.of("x")[0]) == 0


def test_row_ranges_are_expanded_in_order() -> None:
    assert expand_rows(np.array([5, 0, 9]), np.array([2, 0, 3])).tolist() == [5, 6, 9, 10, 11]
    assert expand_rows(np.array([], np.int64), np.array([], np.int64)).tolist() == []
