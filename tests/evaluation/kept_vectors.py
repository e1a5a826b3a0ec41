"""The vectors of judged questions, kept beside those of the corpora: to embed thousands of them takes half a minute."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence

import numpy as np

from knowledge_base.embedding.port import Embedder, Vectors
from tests.evaluation.corpora import VECTORS


class KeptVectors:
    """Keeps the contract of ``Embedder``, and the vectors of another embedder for the texts that it was told to keep.

    Like the product, it takes the fingerprint of the model for a promise: the same text has the same vector.
    """

    def __init__(self, engine: Embedder) -> None:
        self._engine = engine
        self.dimension, self.fingerprint = engine.dimension, engine.fingerprint
        self._queries = Kept("queries", engine.fingerprint, engine.embed_queries)
        self._passages = Kept("passages", engine.fingerprint, engine.embed_passages)
        self.keep_queries, self.keep_passages = self._queries.keep, self._passages.keep
        self.embed_queries, self.embed_passages = self._queries.embed, self._passages.embed

    async def close(self) -> None:
        await self._engine.close()


class Kept:
    """Texts of one kind with their vectors, in a file."""

    def __init__(self, kind: str, fingerprint: str, embed: Callable[[Sequence[str]], Awaitable[Vectors]]) -> None:
        self._file = VECTORS / f"{kind}-{fingerprint}.npz"
        self._embed = embed
        self._known: dict[str, Vectors] = {}  # by the hash of the text
        if self._file.exists():
            with np.load(self._file) as stored:
                self._known = dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))

    async def keep(self, texts: Iterable[str]) -> None:
        """Embed the texts that are not known, and keep them for later runs."""
        if missing := [text for text in dict.fromkeys(texts) if key(text) not in self._known]:
            self._known |= dict(zip(map(key, missing), await self._embed(missing), strict=True))
            self._file.parent.mkdir(parents=True, exist_ok=True)
            written = self._file.with_suffix(f".{os.getpid()}.npz")
            np.savez(written, keys=np.array(list(self._known)), vectors=np.stack(list(self._known.values())))
            written.replace(self._file)  # whole, whoever reads it meanwhile

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Return the kept vectors; embed if one is not kept."""
        keys = [key(text) for text in texts]
        if keys and all(known in self._known for known in keys):
            return np.stack([self._known[known] for known in keys])
        return await self._embed(texts)


def key(text: str) -> str:
    """Return the hash of a text; it may hold halves of surrogate pairs."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
