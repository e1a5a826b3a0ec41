"""An embedder that embeds each passage once for all tests of a process: the bundle is loaded by many of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from knowledge_base.embedding.port import Embedder, Vectors


class RememberingEmbedder:
    """Keeps the contract of ``Embedder`` and the passages of another one."""

    def __init__(self, engine: Embedder) -> None:
        self._engine = engine
        self._passages: dict[str, Vectors] = {}
        self.dimension, self.fingerprint = engine.dimension, engine.fingerprint

    async def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return await self._engine.embed_queries(texts)

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        missing = [text for text in dict.fromkeys(texts) if text not in self._passages]
        if missing or not texts:
            vectors = await self._engine.embed_passages(missing)
            self._passages |= dict(zip(missing, vectors, strict=True))
        return np.stack([self._passages[text] for text in texts]) if texts else vectors

    async def close(self) -> None:
        await self._engine.close()
