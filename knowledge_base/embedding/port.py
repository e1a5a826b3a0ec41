"""The embedder port: the contract of every engine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into unit vectors of one space.

    Contract, tested for every engine by ``tests/contracts/test_embedder.py``:

    - ``embed_queries`` and ``embed_passages`` return one L2-normalised float32 row per text, in input order; no text
      gives shape ``(0, dimension)``. Each engine adds the prompts of its own model.
    - Any ``str`` of up to 100 kB is safe: NUL, lone surrogates, emoji, one endless word. Longer text is cut, never
      refused.
    - The same text gives the same vector, whatever else is in the call (to 1e-3).
    - The work runs off the event loop and may be awaited from several tasks at once.
    - ``fingerprint`` names the vector space: equal fingerprints mean comparable vectors, on every machine.

    Errors: ``ModelError`` when the model cannot be loaded or run, with the remedy.
    """

    @property
    def dimension(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    async def embed_queries(self, texts: Sequence[str]) -> Vectors: ...

    async def embed_passages(self, texts: Sequence[str]) -> Vectors: ...

    async def close(self) -> None: ...


class Reranker(Protocol):
    """Reads question and passage together: slower than an ``Embedder``, and a better judge of few candidates.

    ``rerank`` returns one float32 score per passage, in input order; higher is better, comparable within one call only.
    Texts, threads and errors as with ``Embedder``.
    """

    async def rerank(self, question: str, passages: Sequence[str]) -> Vectors: ...

    async def close(self) -> None: ...
