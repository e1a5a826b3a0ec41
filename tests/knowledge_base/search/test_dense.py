"""Cosines of whole texts and passages, exact and in two passes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from knowledge_base.search import dense
from knowledge_base.search.dense import Dense, decode, encode

Floats = npt.NDArray[np.float32]
NOBODY = np.zeros(0, np.int64)


def unit(rows: int, columns: int = 96, seed: int = 0) -> Floats:
    """Unit vectors with a falling spectrum, as a model's are."""
    result = np.random.default_rng(seed).standard_normal((rows, columns)) / np.arange(1, columns + 1) ** 0.7
    vectors: Floats = (result / np.linalg.norm(result, axis=1, keepdims=True)).astype(np.float32)
    return vectors


def stored(vectors: Floats) -> dict[bytes, bytes]:
    return {b"%d" % i: value for i, value in enumerate(encode(vectors))}


def test_stored_vectors_decode_to_nearly_the_same_values() -> None:
    vectors = unit(50)
    codes, scales = decode(encode(vectors))
    np.testing.assert_allclose(codes * scales[:, None], vectors, atol=0.005)
    assert decode([])[0].shape == (0, 0)
    assert len(encode(np.zeros((1, 8), np.float32))[0]) == 12


def test_score_of_a_document_is_the_mean_of_best_passage_and_whole_text() -> None:
    vectors = unit(4)
    side = Dense.build([[b"0", b"1", b"2"], [b"3"]], stored(vectors))
    query = unit(1, seed=1)[0]
    cosines = vectors @ query
    result = side.scores(query, NOBODY)
    assert result.docs.tolist() == [0, 1]
    np.testing.assert_allclose(result.score, [(cosines[:3].max() + cosines[0]) / 2, cosines[3]], atol=0.01)
    assert result.passage.tolist() == [int(cosines[:3].argmax()), 0]


def test_a_document_without_all_of_its_vectors_is_left_out() -> None:
    values = stored(unit(3))
    side = Dense.build([[b"0"], [b"1", b"missing"], [], [b"2"]], values)
    assert side.scores(unit(1, seed=1)[0], NOBODY).docs.tolist() == [0, 3]


@pytest.mark.parametrize("query", [np.zeros(5, np.float32), unit(1)[0]])
def test_query_fits_only_vectors_of_its_own_dimension(query: Floats) -> None:
    assert not Dense.build([[b"0"]], {}).fits(query)
    assert not Dense.build([[b"0"]], stored(unit(1, 7))).fits(query)


def test_two_pass_search_finds_nearly_the_same_documents_as_the_exact_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, hashes = unit(6_000), [[b"%d" % (2 * i), b"%d" % (2 * i + 1)] for i in range(3_000)]
    monkeypatch.setattr(dense, "EXACT_BELOW", 10_000)
    exact = Dense.build(hashes, stored(vectors))
    monkeypatch.setattr(dense, "EXACT_BELOW", 1_000)
    quick = Dense.build(hashes, stored(vectors))
    assert exact.directions is None
    assert quick.directions is not None
    shares = []
    for query in unit(20, seed=2):
        best, result = exact.scores(query, NOBODY), quick.scores(query, np.array([7, 2_999]))
        assert {7, 2_999} <= set(result.docs.tolist())
        np.testing.assert_allclose(result.score, best.score[result.docs], atol=0.01)
        tops = [set(side.docs[np.argsort(-side.score)[:10]].tolist()) for side in (best, result)]
        shares.append(len(tops[0] & tops[1]) / 10)
    assert np.mean(shares) >= 0.99


def test_feedback_moves_the_question_towards_documents_and_keeps_its_length() -> None:
    vectors = unit(3)
    side = Dense.build([[b"0"], [], [b"2"]], stored(vectors))
    query = unit(1, seed=5)[0]
    moved = side.nearer(query, np.array([0, 1]))
    assert float(moved @ vectors[0]) > float(query @ vectors[0])
    assert float(np.linalg.norm(moved)) == pytest.approx(1.0, abs=1e-5)
