"""The contract of ``Embedder``, over the engines of the light set; ``tests/full`` adds those of the full set."""

from __future__ import annotations

import pytest

from knowledge_base.embedding.port import Embedder
from tests.contracts.embedder import EmbedderContract
from tests.evaluation.kept_vectors import KeptVectors
from tests.fake_embedder import HashEmbedder


class TestE5(EmbedderContract):
    @pytest.fixture
    def embedder(self, e5_engine: Embedder) -> Embedder:
        return e5_engine


class TestRememberingE5(EmbedderContract):
    @pytest.fixture
    def embedder(self, e5: Embedder) -> Embedder:
        return e5


class TestKeptVectors(EmbedderContract):
    @pytest.fixture
    def embedder(self, e5_engine: Embedder) -> Embedder:
        return KeptVectors(e5_engine)


class TestHash(EmbedderContract):
    @pytest.fixture
    def embedder(self) -> Embedder:
        return HashEmbedder()
