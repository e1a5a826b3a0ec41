"""Optional second look at the best candidates: a sentence-transformers CrossEncoder, by name or folder (full set)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from knowledge_base.embedding.hub_model import INSTALL_FULL, ModelSource
from knowledge_base.embedding.off_loop import OffLoop
from knowledge_base.embedding.port import Vectors
from knowledge_base.embedding.text import PASSAGE_LIMIT, QUERY_LIMIT, sanitise
from knowledge_base.errors import ModelError

_BATCH = 8


async def open_reranker(model: str, *, device: str | None = None) -> CrossEncoderReranker:
    """Load a model by folder, ``name`` or ``name@revision``; network and errors as ``open_sentence_transformer``."""
    source = ModelSource.parse(model)
    return CrossEncoderReranker(await asyncio.to_thread(_load, source, device))


class CrossEncoderReranker:
    """An implementation of ``Reranker`` (see ``port``)."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._thread = OffLoop("rerank")

    async def rerank(self, question: str, passages: Sequence[str]) -> Vectors:
        if not passages:
            return np.empty(0, np.float32)
        return await self._thread.run(partial(self._score, question, passages))

    async def close(self) -> None:
        await self._thread.close()

    def _score(self, question: str, passages: Sequence[str]) -> Vectors:
        asked = sanitise(question, QUERY_LIMIT)
        pairs = [(asked, sanitise(passage, PASSAGE_LIMIT)) for passage in passages]
        return np.asarray(self._model.predict(pairs, batch_size=_BATCH, show_progress_bar=False), np.float32)


def _load(source: ModelSource, device: str | None) -> Any:
    try:
        from sentence_transformers import CrossEncoder  # noqa: PLC0415 - only in the full set, and slow to load
    except ImportError as error:
        raise ModelError("The reranker needs sentence-transformers.", remedy=INSTALL_FULL) from error
    try:
        model = CrossEncoder(
            source.name, device=device, revision=source.revision, local_files_only=source.folder is not None
        )
    except Exception as error:
        raise source.failure(error) from error
    if model.num_labels != 1:
        raise ModelError(
            f"The model {source.name} gives {model.num_labels} scores.", remedy="Choose one that gives one."
        )
    return model
