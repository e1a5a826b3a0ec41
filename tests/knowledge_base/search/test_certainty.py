"""The decision to answer: the model as shipped, and the background it is measured against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from knowledge_base.embedding.port import Embedder
from knowledge_base.search.certainty import NAMES, SIGNS, Certainty, fitted
from knowledge_base.search.dense import Dense, encode
from knowledge_base.search.off_topic import Background, load, texts
from tests.fake_embedder import HashEmbedder

SHIPPED = Path(__file__).parents[3] / "knowledge_base" / "search" / "background.npz"


def evidence(**given: float) -> npt.NDArray[np.float64]:
    return np.array([given.get(name, 0.0) for name in NAMES])


@pytest.mark.parametrize("name", NAMES)
def test_evidence_moves_the_probability_only_in_its_direction(name: str) -> None:
    model = fitted()
    chances = [model.probability(evidence(**{"background": 3.0, name: value})) for value in (0.0, 0.5, 1.0)]
    assert chances == sorted(chances, reverse=SIGNS[name] < 0)
    assert 0.0 <= min(chances) <= max(chances) <= 1.0


def test_shipped_model_uses_most_of_its_evidence() -> None:
    assert np.count_nonzero(fitted().weights) > 0.8 * len(NAMES)


def test_search_is_never_sure_when_the_named_place_is_missing() -> None:
    model = Certainty(np.full(len(NAMES) + 1, 5.0), 0.5)
    assert model.sure(evidence(explained=1.0))
    assert not model.sure(evidence(explained=1.0, place_missing=1.0))


def test_extreme_evidence_does_not_overflow() -> None:
    model = Certainty(np.full(len(NAMES) + 1, 1e6), 0.5)
    assert model.probability(np.full(len(NAMES), 1e6)) == pytest.approx(1.0)
    assert model.probability(np.full(len(NAMES), -1e6)) == pytest.approx(0.0)


def test_shipped_background_matches_its_texts_and_model(e5: Embedder) -> None:
    with np.load(SHIPPED) as shipped:
        assert str(shipped["fingerprint"]) == e5.fingerprint
        assert len(shipped["codes"]) == len(texts()) == len(set(texts()))


async def test_shipped_background_vectors_match_the_embedder(e5: Embedder) -> None:
    first = (await e5.embed_passages(texts()[:3])) @ (await load(e5)).vectors[:3].T
    assert np.diag(first).min() > 0.99


async def test_model_without_shipped_vectors_embeds_the_background() -> None:
    background = await load(HashEmbedder())
    assert {vectors.shape for vectors in background.named.values()} == {background.named["en"].shape}
    both = len(background.named["en"]) + len(background.named["pl"])
    assert background.vectors.shape == (len(texts()) - both, 256)


async def test_background_drops_subjects_that_the_documents_cover() -> None:
    embedder = HashEmbedder()
    background = await load(embedder)
    vectors = await embedder.embed_passages([texts()[0]])
    index = Dense.build([[b"one"]], {b"one": encode(vectors)[0]})
    beside = background.beside(index)
    assert not np.any(np.all(beside.vectors == background.vectors[0], axis=1))
    assert len(beside.vectors) > 0.9 * len(background.vectors)


async def test_background_drops_a_covered_subject_in_every_language() -> None:
    embedder = HashEmbedder()
    background = await load(embedder)
    index = Dense.build([[b"one"]], {b"one": encode(background.named["de"][:1])[0]})
    beside = background.beside(index)
    assert len({len(vectors) for vectors in beside.named.values()}) == 1
    for language, vectors in beside.named.items():
        assert not np.any(np.all(vectors == background.named[language][0], axis=1))


@pytest.fixture
def square() -> Background:
    """Four subjects at right angles, named alike in each language."""
    named = {language: np.eye(4, dtype=np.float32) for language in ("de", "en", "pl")}
    return Background(np.eye(4, dtype=np.float32), named)


def test_question_nearer_to_a_document_stands_further_ahead_of_the_background(square: Background) -> None:
    asked = np.array([1, 0, 0, 0], np.float32)
    level, behind = square.standing(asked, "en", 1.0), square.standing(asked, "en", 0.5)
    assert behind.ahead < level.ahead
    assert (level.own_nearest, level.own_several) == (behind.own_nearest, behind.own_several)
    assert level.own_nearest > level.own_several == pytest.approx(0.0, abs=1e-5)


def test_question_without_vectors_is_not_ahead_of_the_background(square: Background) -> None:
    unknown = square.standing(np.array([1, 0, 0, 0], np.float32), "pl", float("nan"))
    assert unknown.ahead == pytest.approx(0.0, abs=1e-5)
