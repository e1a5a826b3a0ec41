"""Cosines of whole texts and passages, exact and in two passes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from knowledge_base.search import dense
from knowledge_base.search.dense import FEW, Dense, decode, encode
from knowledge_base.search.passages import Kind, Passage
from knowledge_base.search.tuning import COMMON

Floats = npt.NDArray[np.float32]
NOBODY = np.zeros(0, np.int64)


def unit(rows: int, columns: int = 96, seed: int = 0) -> Floats:
    """Unit vectors with a falling spectrum, as a model's are."""
    result = np.random.default_rng(seed).standard_normal((rows, columns)) / np.arange(1, columns + 1) ** 0.7
    vectors: Floats = (result / np.linalg.norm(result, axis=1, keepdims=True)).astype(np.float32)
    return vectors


def passage(number: int | str, kind: Kind = "whole", lang: str = "de") -> Passage:
    return Passage(str(number), kind, "", lang)


def stored(vectors: Floats) -> dict[bytes, bytes]:
    """The vectors of ``passage(0)``, ``passage(1)`` …"""
    return {passage(i).hash: value for i, value in enumerate(encode(vectors))}


def test_stored_vectors_decode_to_nearly_the_same_values() -> None:
    vectors = unit(50)
    codes, scales = decode(encode(vectors))
    np.testing.assert_allclose(codes * scales[:, None], vectors, atol=0.005)
    assert decode([])[0].shape == (0, 0)
    assert len(encode(np.zeros((1, 8), np.float32))[0]) == 12


def test_question_moves_away_from_what_all_texts_have_in_common_and_hardly_where_these_are_few() -> None:
    vectors = unit(3)
    side = Dense.build([[passage(0)], [passage(1), passage(2, "asked")]], stored(vectors))
    moved = side.away(vectors[0])
    np.testing.assert_allclose(vectors[0] - moved, COMMON * vectors[:2].sum(axis=0) / (2 + FEW), atol=0.005)
    empty = Dense.build([], {})
    assert not empty.fits(vectors[0])


def test_score_of_a_document_is_the_mean_of_best_passage_and_whole_text() -> None:
    vectors = unit(4)
    side = Dense.build([[passage(0), passage(1, "part"), passage(2, "part")], [passage(3)]], stored(vectors))
    query = unit(1, seed=1)[0]
    cosines = vectors @ query
    result = side.scores(query, "de", NOBODY)
    assert result.docs.tolist() == [0, 1]
    np.testing.assert_allclose(result.text, [(cosines[:3].max() + cosines[0]) / 2, cosines[3]], atol=0.01)
    assert result.passage.tolist() == [int(cosines[:3].argmax()), 0]
    assert np.isnan(result.asked).all()


def test_questions_that_a_document_answers_are_scored_apart_in_any_language() -> None:
    vectors = unit(5)
    own = [passage(0), passage(1, "asked", "en"), passage(2, "asked", "pl")]
    side = Dense.build([[passage(3)], own, [passage(4)]], stored(vectors))
    query = unit(1, seed=1)[0]
    cosines = vectors @ query
    for language in ("de", "en", "pl", "zz"):
        result = side.scores(query, language, NOBODY)
        np.testing.assert_allclose(result.text, cosines[[3, 0, 4]], atol=0.01)
        np.testing.assert_allclose(result.asked, [np.nan, cosines[1:3].max(), np.nan], atol=0.01)
        assert result.passage.tolist() == [0, 0, 0]


def test_document_counts_in_the_language_of_the_question_else_in_its_own() -> None:
    vectors = unit(3)
    side = Dense.build([[passage(0), passage(1, lang="en")], [passage(2)]], stored(vectors))
    query = unit(1, seed=1)[0]
    cosines = vectors @ query
    for language, texts in (("de", [0, 2]), ("en", [1, 2]), ("pl", [0, 2])):
        result = side.scores(query, language, NOBODY)
        np.testing.assert_allclose(result.text, cosines[texts], atol=0.01)
        assert result.passage.tolist() == [texts[0], 0]


def test_a_document_without_all_of_its_vectors_is_left_out() -> None:
    values = stored(unit(3))
    texts = [[passage(0)], [passage(1), passage("missing", "part")], [], [passage(2)]]
    assert Dense.build(texts, values).scores(unit(1, seed=1)[0], "de", NOBODY).docs.tolist() == [0, 3]


@pytest.mark.parametrize("query", [np.zeros(5, np.float32), unit(1)[0]])
def test_query_fits_only_vectors_of_its_own_dimension(query: Floats) -> None:
    assert not Dense.build([[passage(0)]], {}).fits(query)
    assert not Dense.build([[passage(0)]], stored(unit(1, 7))).fits(query)


def test_two_pass_search_finds_nearly_the_same_documents_as_the_exact_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, texts = unit(6_000), [[passage(2 * i), passage(2 * i + 1, "part")] for i in range(3_000)]
    monkeypatch.setattr(dense, "EXACT_BELOW", 10_000)
    exact = Dense.build(texts, stored(vectors))
    monkeypatch.setattr(dense, "EXACT_BELOW", 1_000)
    quick = Dense.build(texts, stored(vectors))
    assert exact.directions is None
    assert quick.directions is not None
    shares = []
    for query in unit(20, seed=2):
        best, result = exact.scores(query, "de", NOBODY), quick.scores(query, "de", np.array([7, 2_999]))
        assert {7, 2_999} <= set(result.docs.tolist())
        np.testing.assert_allclose(result.text, best.text[result.docs], atol=0.01)
        tops = [set(side.docs[np.argsort(-side.text)[:10]].tolist()) for side in (best, result)]
        shares.append(len(tops[0] & tops[1]) / 10)
    assert np.mean(shares) >= 0.99
