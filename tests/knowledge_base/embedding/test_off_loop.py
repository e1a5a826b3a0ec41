from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import numpy as np
import pytest

from knowledge_base.embedding.off_loop import OffLoopEmbedder
from knowledge_base.embedding.port import Vectors
from knowledge_base.errors import ModelError


class GatedEncoder:
    """Holds each batch of passages until told to go on, and notes what it did."""

    dimension = 2
    fingerprint = "gated"

    def __init__(self) -> None:
        self.done: list[str] = []
        self.entered = threading.Semaphore(0)
        self.go = threading.Semaphore(0)

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        self.done.append("query")
        return self._unit(texts)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.entered.release()
        self.go.acquire()
        if "bad" in texts:
            raise RuntimeError("native trouble with a private text")
        self.done.append(f"passages {len(texts)}")
        return self._unit(texts)

    def _unit(self, texts: Sequence[str]) -> Vectors:
        return np.tile(np.array([1, 0], np.float32), (len(texts), 1))


@pytest.fixture
def encoder() -> GatedEncoder:
    return GatedEncoder()


@pytest.fixture(params=[True, False], ids=["two threads", "one thread"])
async def embedder(request: pytest.FixtureRequest, encoder: GatedEncoder) -> AsyncIterator[OffLoopEmbedder]:
    opened = OffLoopEmbedder(encoder, concurrent=request.param)
    yield opened
    encoder.go.release(1000)
    await opened.close()


async def test_question_is_embedded_between_batches_of_passages(
    embedder: OffLoopEmbedder, encoder: GatedEncoder
) -> None:
    passages = asyncio.create_task(embedder.embed_passages(["x"] * 100))
    await asyncio.to_thread(encoder.entered.acquire)
    query = asyncio.create_task(embedder.embed_queries(["y"]))
    await asyncio.sleep(0)  # the question is handed over now; the first batch is still running
    encoder.go.release(2)
    await query
    assert not passages.done()
    encoder.go.release(1000)
    await passages
    assert "query" in encoder.done[:2]


async def test_question_never_waits_for_passages_in_a_concurrent_encoder(encoder: GatedEncoder) -> None:
    embedder = OffLoopEmbedder(encoder, concurrent=True)
    passages = asyncio.create_task(embedder.embed_passages(["x"]))
    await asyncio.to_thread(encoder.entered.acquire)
    await embedder.embed_queries(["y"])
    assert encoder.done == ["query"]
    encoder.go.release()
    await passages
    await embedder.close()


async def test_cancelled_call_stops_after_its_batch(embedder: OffLoopEmbedder, encoder: GatedEncoder) -> None:
    passages = asyncio.create_task(embedder.embed_passages(["x"] * 100))
    await asyncio.to_thread(encoder.entered.acquire)
    passages.cancel()
    with pytest.raises(asyncio.CancelledError):
        await passages
    encoder.go.release(1000)
    await embedder.close()
    assert len(encoder.done) == 1


async def test_runtime_failure_becomes_a_model_error_without_the_text(
    embedder: OffLoopEmbedder, encoder: GatedEncoder
) -> None:
    encoder.go.release(1000)
    with pytest.raises(ModelError) as caught:
        await embedder.embed_passages(["good", "bad"])
    assert "private" not in str(caught.value)
    assert isinstance(caught.value.__cause__, RuntimeError)
    assert len(await embedder.embed_passages(["good"])) == 1


async def test_close_finishes_the_running_batch_and_fails_the_rest_of_the_call(
    embedder: OffLoopEmbedder, encoder: GatedEncoder
) -> None:
    passages = asyncio.create_task(embedder.embed_passages(["x"] * 100))
    await asyncio.to_thread(encoder.entered.acquire)
    closing = asyncio.create_task(embedder.close())
    await asyncio.sleep(0)
    encoder.go.release(1000)
    await closing
    with pytest.raises(ModelError, match="closed"):
        await passages
    with pytest.raises(ModelError, match="closed"):
        await embedder.embed_queries(["y"])
    assert len(encoder.done) == 1


async def test_texts_are_sanitised_before_they_reach_the_engine() -> None:
    seen: list[str] = []

    class Recorder(GatedEncoder):
        def encode_queries(self, texts: Sequence[str]) -> Vectors:
            seen.extend(texts)
            return self._unit(texts)

    embedder = OffLoopEmbedder(Recorder(), concurrent=False)
    await embedder.embed_queries(["a\0b" + "\ufdfa" * 10_000])
    await embedder.close()
    assert seen[0].startswith("a b")
    assert len(seen[0]) <= 2_000
