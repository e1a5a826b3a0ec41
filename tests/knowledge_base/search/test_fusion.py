"""The search combines scores of different kinds into one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from knowledge_base.search.fusion import fused, normalised, span

SCORES = arrays(np.float32, st.integers(1, 40), elements=st.floats(-1, 50, width=32) | st.just(float("nan")))


@given(SCORES, st.sampled_from(("de", "en", "pl", "")))
def test_fused_scores_lie_between_0_and_1_even_without_vectors(dense: np.ndarray, language: str) -> None:
    lexical, phrase = np.linspace(0, 9, len(dense), dtype=np.float32), np.zeros(len(dense), np.float32)
    result = fused(dense, lexical, phrase, language)
    assert np.isfinite(result).all()
    assert ((result >= 0) & (result <= 1)).all()


def test_words_alone_decide_the_order_without_vectors() -> None:
    lexical, none = np.array([1, 3, 2], np.float32), np.full(3, np.nan, np.float32)
    assert np.argsort(-fused(none, lexical, np.zeros(3, np.float32), "de")).tolist() == [1, 2, 0]


def test_document_that_is_better_in_one_score_and_equal_in_others_ranks_higher() -> None:
    same, better = np.array([0.8, 0.8], np.float32), np.array([1.0, 2.0], np.float32)
    zero = np.zeros(2, np.float32)
    for scores in (
        fused(same, better, zero, "de"),
        fused(better, same, zero, "de"),
        fused(same, same, better / np.float32(2), "de"),
    ):
        assert scores[1] > scores[0]


def test_span_covers_only_the_best_scores() -> None:
    scores = np.arange(1_000, dtype=np.float32)
    assert span(scores, 100) == (900.0, 999.0)
    assert normalised(scores, 900.0, 999.0)[[0, 900, 999]].tolist() == [0.0, 0.0, 1.0]
    assert span(np.full(2, np.nan, np.float32)) == (0.0, 1.0)
