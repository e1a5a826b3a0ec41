"""Runs a blocking encoder beside the event loop, for all engines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeVar

import numpy as np

from knowledge_base.embedding.port import Vectors
from knowledge_base.embedding.text import PASSAGE_LIMIT, QUERY_LIMIT, sanitise
from knowledge_base.errors import ModelError

_BATCH = 8  # texts of one batch, at most some three seconds of work: a stop waits for it

T = TypeVar("T")


class Encoder(Protocol):
    """A loaded model. Its methods block; they get at least one text, sanitised, and return unit rows in input order."""

    @property
    def dimension(self) -> int: ...

    @property
    def fingerprint(self) -> str: ...

    def encode_queries(self, texts: Sequence[str]) -> Vectors: ...

    def encode_passages(self, texts: Sequence[str]) -> Vectors: ...


class OffLoop:
    """One thread that does blocking work for an event loop, in order; its failures become ModelError."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._closed = False

    async def run(self, work: Callable[[], T]) -> T:
        if self._closed:
            raise ModelError("The embedding model is closed.")
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except ModelError:
            raise
        except Exception as error:  # the caller does the same for every error of the runtime
            name = type(error).__name__
            raise ModelError(f"The embedding model failed ({name}).", remedy="Start again; see the log.") from error

    async def close(self) -> None:
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown)


class OffLoopEmbedder:
    """An ``Embedder`` (see ``port``) over an ``Encoder``.

    Texts go batch by batch, those of like length together, so that several callers take turns and a cancelled one stops
    after its batch. Where the encoder is safe in two threads at once (``concurrent``), questions have a thread of their
    own and never wait for passages; elsewhere a question waits for the batch in hand.
    """

    def __init__(self, encoder: Encoder, *, concurrent: bool) -> None:
        self._encoder = encoder
        self._passages = OffLoop("embed-passages")
        self._queries = OffLoop("embed-queries") if concurrent else self._passages

    @property
    def dimension(self) -> int:
        return self._encoder.dimension

    @property
    def fingerprint(self) -> str:
        return self._encoder.fingerprint

    async def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return await self._embed(texts, QUERY_LIMIT, self._encoder.encode_queries, self._queries)

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return await self._embed(texts, PASSAGE_LIMIT, self._encoder.encode_passages, self._passages)

    async def close(self) -> None:
        """Finish the batches in hand and free the threads; later calls raise ModelError."""
        await asyncio.gather(self._queries.close(), self._passages.close())

    async def _embed(
        self, texts: Sequence[str], limit: int, encode: Callable[[Sequence[str]], Vectors], thread: OffLoop
    ) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), np.float32)
        by_length = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        for start in range(0, len(texts), _BATCH):
            rows = by_length[start : start + _BATCH]
            batch = [texts[row] for row in rows]
            vectors[rows] = await thread.run(partial(_encode_sanitised, encode, batch, limit))
        return vectors


def _encode_sanitised(encode: Callable[[Sequence[str]], Vectors], texts: Sequence[str], limit: int) -> Vectors:
    return encode([sanitise(text, limit) for text in texts])
