"""From candidates to an order: conditions before texts, then a convex sum of meaning and words."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from knowledge_base.search import tuning
from knowledge_base.search.conditions import Fit
from knowledge_base.search.index import Candidates
from knowledge_base.search.ranking import Ranked, fused, normalised, rank
from knowledge_base.search.understanding.query import Query

Floats = npt.NDArray[np.float32]
SUBJECT = Query(text="Sensoren in Guben", language="de", subject=("Sensoren",))
NONE = np.nan
SCORES = arrays(np.float32, st.integers(1, 40), elements=st.floats(-1, 50, width=32) | st.just(float("nan")))


def candidates(covered: float = 1.0, **given: Any) -> Candidates:
    """Candidates that are equally good, but for the arrays given."""
    size = max([1, *map(len, given.values())])
    even = np.full(size, 0.5, np.float32)
    explained = np.full(size, covered, np.float32)
    values = {"text": even, "asked": np.full(size, np.nan, np.float32), "words": even, "coverage": explained}
    values |= {name: np.array(value, np.float32) for name, value in given.items()}
    return Candidates(docs=np.arange(size), passage=np.zeros(size, np.int64), **values)


def fit(
    degree: list[float],
    *,
    thin: list[float] | None = None,
    focus: list[float] | None = None,
    conditions: tuple[str, ...] = ("place",),
) -> Fit:
    """The fit of documents: one with a degree below 1 misses a condition."""
    met = np.array(degree) >= 1.0
    everywhere = np.ones(len(degree), np.bool_)
    return Fit(
        conditions=conditions,
        degree=np.array(degree, np.float32),
        met=met,
        here=met,
        elsewhere=~everywhere,
        thin=np.array(thin or [0.0] * len(degree), np.float32),
        focus=np.array(focus or [0.0] * len(degree), np.float32),
    )


def order(result: Ranked) -> list[int]:
    return [int(doc) for doc in result.docs]


def test_document_that_meets_more_conditions_ranks_before_a_better_text() -> None:
    result = rank(SUBJECT, candidates(text=[0.9, 0.1], words=[20.0, 0.0]), fit([0.0, 1.0]))
    assert order(result) == [1, 0]
    assert result.met.tolist() == [True, False]
    assert result.conditions


def test_record_on_the_topic_alone_ranks_before_one_that_lists_it_among_others() -> None:
    alike = candidates(text=[0.81, 0.8, 0.2], words=[10.0, 10.0, 10.0])
    assert order(rank(SUBJECT, alike, fit([1.0] * 3, focus=[0.2, 1.0, 0.2]))) == [1, 0, 2]
    assert order(rank(SUBJECT, alike, fit([1.0] * 3))) == [0, 1, 2]


def test_documents_that_meet_the_same_conditions_rank_by_their_texts() -> None:
    result = rank(SUBJECT, candidates(words=[1.0, 3.0, 2.0]), fit([1.0, 1.0, 1.0]))
    assert order(result) == [1, 2, 0]


def test_equal_documents_rank_by_their_number() -> None:
    assert order(rank(SUBJECT, candidates(words=[1.0, 1.0, 1.0]), fit([0.0, 0.0, 0.0], conditions=()))) == [0, 1, 2]


def test_thin_record_ranks_behind_an_equal_one_with_content() -> None:
    result = rank(SUBJECT, candidates(words=[1.0, 1.0]), fit([1.0, 1.0], thin=[1.0, 0.0]))
    assert order(result) == [1, 0]
    assert result.thin.tolist() == [False, True]


def test_scores_fall_and_lie_between_0_and_1_even_beside_a_thin_double() -> None:
    result = rank(SUBJECT, candidates(words=[3.0, 2.0, 9.0]), fit([1.0, 0.0, 1.0], thin=[0.0, 0.0, 101.0]))
    assert order(result)[-1] == 2
    assert (np.diff(result.score) <= 0).all()
    assert ((result.score >= 0) & (result.score <= 1)).all()
    assert result.score[0] == 1.0


def test_only_keeps_the_order_and_ordered_keeps_the_scores_falling() -> None:
    result = rank(SUBJECT, candidates(words=[1.0, 3.0, 2.0]), fit([1.0, 0.0, 1.0]))
    assert order(result.only(result.met)) == [2, 0]
    turned = result.ordered(np.array([2, 1, 0]))
    assert order(turned) == order(result)[::-1]
    assert turned.score.tolist() == result.score.tolist()


def test_words_alone_decide_the_order_without_vectors() -> None:
    assert np.argsort(-fused(candidates(words=[1.0, 3.0, 2.0], text=[NONE] * 3))).tolist() == [1, 2, 0]


def test_document_that_is_better_on_one_side_and_equal_on_others_has_the_higher_sum() -> None:
    for better in (
        candidates(text=[0.5, 0.9], words=[1.0, 1.0]),
        candidates(words=[1.0, 2.0], text=[0.5, 0.5]),
        candidates(asked=[0.5, 0.9], text=[0.5, 0.5], words=[1.0, 1.0]),
    ):
        first, second = fused(better)
        assert second > first


def test_document_without_questions_of_its_own_counts_by_its_text() -> None:
    plain, with_questions = fused(candidates(text=[0.9, 0.9, 0.1], asked=[NONE, 0.9, 0.1], words=[1.0, 1.0, 1.0]))[:2]
    assert plain == with_questions


def test_words_count_less_where_no_document_holds_those_of_the_question() -> None:
    sides = {"words": [9.0, 0.0], "text": [0.1, 0.9]}
    held, paraphrased = (fused(candidates(covered, **sides)) for covered in (1.0, 0.0))
    assert paraphrased[0] < held[0]
    assert paraphrased[1] > held[1]


@given(SCORES, st.floats(0, 1))
def test_sums_lie_between_0_and_1_even_without_vectors(cosines: Floats, covered: float) -> None:
    words = np.linspace(0, 9, len(cosines), dtype=np.float32)
    result = fused(candidates(covered, text=cosines, asked=cosines[::-1], words=words))
    assert np.isfinite(result).all()
    assert ((result >= 0) & (result <= 1.0 + 1e-6)).all()


def test_scale_of_a_side_spans_only_its_best_scores() -> None:
    scores = np.arange(10 * tuning.TOP, dtype=np.float32)
    scaled = normalised(scores, 1e-9)
    assert scaled[-1] == 1.0
    assert (scaled[: -tuning.TOP] == 0).all()
    assert (scaled[1 - tuning.TOP :] > 0).all()


def test_about_equal_scores_make_no_clear_winner() -> None:
    scaled = normalised(np.array([0.80, 0.81], np.float32), 0.1)
    assert scaled[1] - scaled[0] < 0.2


def test_equal_scores_are_all_the_best_unless_nothing_matches() -> None:
    assert normalised(np.full(3, 2.0, np.float32), 1e-9).tolist() == [1.0, 1.0, 1.0]
    assert normalised(np.zeros(3, np.float32), 1e-9).tolist() == [0.0, 0.0, 0.0]


def test_unknown_scores_are_the_lowest() -> None:
    assert normalised(np.array([NONE, 1.0, 2.0], np.float32), 1e-9).tolist() == [0.0, 0.0, 1.0]
    assert normalised(np.full(2, NONE, np.float32), 1e-9).tolist() == [0.0, 0.0]
