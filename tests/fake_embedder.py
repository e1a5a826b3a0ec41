"""An embedder without a model: for tests that need vectors which mean something, but no engine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from knowledge_base.embedding.port import Vectors
from knowledge_base.embedding.text import PASSAGE_LIMIT, sanitise


class HashEmbedder:
    """Keeps the contract of ``Embedder``: words and 4-grams of the lower-cased text, hashed into a unit vector.

    Texts that share words or parts of words are near each other, in one language only; the same on every machine.
    ``fingerprint`` may be chosen, to stand for another model.
    """

    def __init__(self, dimension: int = 256, fingerprint: str = "") -> None:
        self.dimension = dimension
        self.fingerprint = fingerprint or f"hash/{dimension}"

    async def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts)

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._embed(texts)

    async def close(self) -> None:
        pass

    def _embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for row, text in enumerate(texts):
            vectors[row] = _vector(text, self.dimension)
        return vectors


@lru_cache(maxsize=20_000)  # every bot of every test embeds the same few texts when it starts
def _vector(text: str, dimension: int) -> Vectors:
    vector = np.zeros(dimension, np.float32)
    for feature in _features(text):
        digest = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
        vector[digest % dimension] += 1 if digest >> 63 else -1
    if not vector.any():
        vector[0] = 1.0  # features may cancel out
    return vector / np.linalg.norm(vector)


def _features(text: str) -> Iterator[str]:
    yield ""
    for word in sanitise(text, PASSAGE_LIMIT).lower().split():
        yield word
        padded = f" {word} "
        yield from (padded[start : start + 4] for start in range(len(padded) - 3))
