"""An embedder without a model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from knowledge_base.embedding.port import Vectors
from knowledge_base.errors import ModelError


class HashEmbedder:
    """Vectors from the hash of the text; remembers what it was asked, and may fail at a call."""

    def __init__(self, fingerprint: str = "hash-16", fail_at: int = 0) -> None:
        self.fingerprint, self.dimension = fingerprint, 16
        self.calls: list[list[str]] = []
        self._fail_at = fail_at

    async def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return await self.embed_passages(texts)

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if len(self.calls) + 1 == self._fail_at:
            raise ModelError("The model broke.")
        self.calls.append(list(texts))
        raw = [np.frombuffer(hashlib.sha256(text.encode()).digest(), np.int8)[:16] for text in texts]
        rows = np.asarray(raw, np.float32).reshape(len(raw), 16)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    async def close(self) -> None:
        pass
