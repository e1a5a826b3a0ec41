"""Any sentence-transformers model, by name or folder: the engine for best quality on a bigger server (full set)."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from knowledge_base.embedding.hub_model import INSTALL_FULL, ModelSource
from knowledge_base.embedding.off_loop import OffLoopEmbedder
from knowledge_base.embedding.port import Vectors
from knowledge_base.errors import ModelError

_E5 = re.compile(r"(^|[^a-z0-9])e5([^a-z0-9]|$)", re.IGNORECASE)


async def open_sentence_transformer(model: str, *, device: str | None = None) -> OffLoopEmbedder:
    """Load a model by folder, ``name`` or ``name@revision``; ``device`` as torch names it, by default the best one.

    A folder never uses the network; a name is fetched from the hub once and then found in its cache. Errors: ModelError
    when the full set is not installed, or the model is missing or incomplete.
    """
    source = ModelSource.parse(model)
    encoder = await asyncio.to_thread(SentenceTransformerEncoder, source, device)
    # The tokenizers of transformers refuse to be used in two threads at once ("Already borrowed").
    return OffLoopEmbedder(encoder, concurrent=False)


class SentenceTransformerEncoder:
    """The loaded model; blocking, for one thread at a time."""

    def __init__(self, source: ModelSource, device: str | None = None) -> None:
        self._model = _load(source, device)
        self._query_prompt, self._passage_prompt = choose_prompts(
            self._model.prompts, self._model.default_prompt_name, source.label
        )
        self.dimension = self.encode_queries([""]).shape[1]  # asked of the model itself: its method has many names
        state = "\0".join((source.identity(self._model), self._query_prompt, self._passage_prompt))
        self.fingerprint = f"sentence-transformers/{source.label}/{hashlib.sha256(state.encode()).hexdigest()[:12]}"

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._model.encode_query, texts, self._query_prompt)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode(self._model.encode_document, texts, self._passage_prompt)

    def _encode(self, encode: Any, texts: Sequence[str], prompt: str) -> Vectors:
        vectors = encode(list(texts), prompt=prompt, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(vectors, np.float32)


def choose_prompts(prompts: Mapping[str, str | None], default: str | None, label: str) -> tuple[str, str]:
    """Return the prefixes of questions and of passages that the model's configuration names.

    Passages take the first non-empty of ``document``, ``passage``, ``corpus`` (the library itself stops at its empty
    placeholder for ``document``). E5 models were trained with "query: " and "passage: " and lose without them, but
    their folders on the hub name no prompts; they are recognised by their name.
    """
    query = prompts.get("query") or ""
    passage = next((prompt for key in ("document", "passage", "corpus") if (prompt := prompts.get(key))), "")
    if query or passage:
        return query, passage
    if _E5.search(label) and "instruct" not in label.lower():
        return "query: ", "passage: "
    always = prompts.get(default or "") or ""
    return always, always


def _load(source: ModelSource, device: str | None) -> Any:
    try:
        from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - only in the full set, and slow to load
    except ImportError as error:
        raise ModelError("The engine sentence-transformers is not installed.", remedy=INSTALL_FULL) from error
    try:
        return SentenceTransformer(
            source.name, device=device, revision=source.revision, local_files_only=source.folder is not None
        )
    except Exception as error:
        raise source.failure(error) from error
