"""The decision to answer: the model as shipped, and the background it is measured against."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from knowledge_base.embedding.port import Embedder
from knowledge_base.search.background import Background, load, texts
from knowledge_base.search.certainty import NAMES, Certainty, fitted
from knowledge_base.search.dense import Dense, encode
from tests.fake_embedder import HashEmbedder

SHIPPED = Path(__file__).parents[3] / "knowledge_base" / "search" / "background.npz"


def evidence(**given: float) -> npt.NDArray[np.float64]:
    return np.array([given.get(name, 0.0) for name in NAMES])


def test_probability_rises_with_what_is_explained() -> None:
    model = fitted()
    chances = [model.probability(evidence(explained=share, best_covered=share)) for share in (0.0, 0.5, 1.0)]
    assert chances == sorted(chances)
    assert 0.0 <= chances[0] < chances[-1] <= 1.0


def test_another_city_is_never_an_answer() -> None:
    model = Certainty(np.full(len(NAMES) + 1, 5.0), 0.5)
    assert model.sure(evidence(explained=1.0))
    assert not model.sure(evidence(explained=1.0, place_missing=1.0))


def test_extreme_evidence_is_no_overflow() -> None:
    model = Certainty(np.full(len(NAMES) + 1, 1e6), 0.5)
    assert model.probability(np.full(len(NAMES), 1e6)) == pytest.approx(1.0)
    assert model.probability(np.full(len(NAMES), -1e6)) == pytest.approx(0.0)


def test_the_background_shipped_is_that_of_its_texts_and_model(e5: Embedder) -> None:
    with np.load(SHIPPED) as shipped:
        assert str(shipped["fingerprint"]) == e5.fingerprint
        assert len(shipped["codes"]) == len(texts()) == len(set(texts()))


async def test_the_shipped_vectors_are_the_embedders(e5: Embedder) -> None:
    first = (await e5.embed_passages(texts()[:3])) @ (await load(e5)).vectors[:3].T
    assert np.diag(first).min() > 0.99


async def test_another_model_embeds_the_background_itself() -> None:
    background = await load(HashEmbedder())
    assert {vectors.shape for vectors in background.named.values()} == {background.named["en"].shape}
    both = len(background.named["en"]) + len(background.named["pl"])
    assert background.vectors.shape == (len(texts()) - both, 256)


async def test_a_subject_that_documents_hold_is_switched_off() -> None:
    embedder = HashEmbedder()
    background = await load(embedder)
    vectors = await embedder.embed_passages([texts()[0]])
    index = Dense.build([[b"one"]], {b"one": encode(vectors)[0]})
    beside = background.beside(index)
    assert not np.any(np.all(beside.vectors == background.vectors[0], axis=1))
    assert len(beside.vectors) > 0.9 * len(background.vectors)


async def test_a_named_subject_is_switched_off_in_every_language() -> None:
    embedder = HashEmbedder()
    background = await load(embedder)
    index = Dense.build([[b"one"]], {b"one": encode(background.named["de"][:1])[0]})
    beside = background.beside(index)
    assert len({len(vectors) for vectors in beside.named.values()}) == 1
    for language, vectors in beside.named.items():
        assert not np.any(np.all(vectors == background.named[language][0], axis=1))


def test_standing() -> None:
    named = {language: np.eye(4, dtype=np.float32) for language in ("de", "en", "pl")}
    background = Background(np.eye(4, dtype=np.float32), named)
    best, unknown = background.standing(np.array([1, 0, 0, 0], np.float32), "en", np.array([1.0, np.nan], np.float32))
    assert best.margin == pytest.approx(0.0, abs=1e-5)
    assert best.own_margin == pytest.approx(0.0, abs=1e-5)
    assert best.above > 1.0
    assert unknown.above == 0.0
    assert unknown.margin < 0.0
