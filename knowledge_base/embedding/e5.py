"""The embedded default: multilingual-e5-small at 4 bit, run by ONNX Runtime on one thread."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import sentencepiece

from knowledge_base.embedding.e5_files import FORMAT, GRAPH, TOKENIZER, Progress, prepare, silent, verify
from knowledge_base.embedding.e5_weights import SHA256
from knowledge_base.embedding.off_loop import OffLoopEmbedder
from knowledge_base.embedding.port import Vectors
from knowledge_base.errors import ModelError

DIMENSION = 384
_MAX_TOKENS = 512
_BATCH_TOKENS = 512  # padded tokens of one run; 2,048 are not faster and take 60 MB more
_BEGIN, _PADDING, _END, _UNKNOWN = 0, 1, 2, 3  # the model's ids


async def open_e5(models_dir: Path, *, threads: int = 1, progress: Progress = silent) -> OffLoopEmbedder:
    """Prepare the model where needed (once, about two seconds), check it and load it (about half a second).

    Errors: ModelError when the wheel is missing, the disk refuses, or the prepared files are damaged.
    """
    folder = await prepare(models_dir, progress)
    return OffLoopEmbedder(await asyncio.to_thread(E5Encoder, folder, threads), concurrent=True)


class E5Encoder:
    """The loaded model; blocking, safe in several threads."""

    dimension = DIMENSION
    fingerprint = f"multilingual-e5-small-q4/{SHA256[:12]}/{FORMAT}"

    def __init__(self, folder: Path, threads: int = 1) -> None:
        verify(folder)
        try:
            self._session = onnxruntime.InferenceSession(
                folder / GRAPH, _session_options(threads), providers=["CPUExecutionProvider"]
            )
            self._tokenizer = sentencepiece.SentencePieceProcessor(model_file=str(folder / TOKENIZER))
        except Exception as error:  # the runtimes throw classes of their own
            raise ModelError(
                f"The embedding model in {folder} cannot be loaded.",
                remedy=f"Delete the folder and start again, or install onnxruntime again ({error}).",
            ) from error

    def encode_queries(self, texts: Sequence[str]) -> Vectors:
        return self._encode([f"query: {text}" for text in texts])

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        return self._encode([f"passage: {text}" for text in texts])

    def _encode(self, texts: Sequence[str]) -> Vectors:
        tokens = [self._tokenize(text) for text in texts]
        vectors = np.empty((len(texts), DIMENSION), np.float32)
        for rows in _batches([len(ids) for ids in tokens]):
            vectors[rows] = self._run([tokens[row] for row in rows])
        return vectors

    def _tokenize(self, text: str) -> list[int]:
        pieces = self._tokenizer.encode(text)[: _MAX_TOKENS - 2]
        return [_BEGIN, *(piece + 1 if piece else _UNKNOWN for piece in pieces), _END]

    def _run(self, tokens: Sequence[Sequence[int]]) -> Vectors:
        shape = len(tokens), max(map(len, tokens))
        ids, mask = np.full(shape, _PADDING, np.int64), np.zeros(shape, np.int32)
        for row, sequence in enumerate(tokens):
            ids[row, : len(sequence)] = sequence
            mask[row, : len(sequence)] = 1
        (vectors,) = self._session.run(None, {"input_ids": ids, "attention_mask": mask})
        return np.asarray(vectors, np.float32)


def _batches(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Yield rows in ascending length, in batches of at most ``_BATCH_TOKENS`` tokens with their padding."""
    batch: list[int] = []
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if batch and (len(batch) + 1) * lengths[row] > _BATCH_TOKENS:
            yield batch
            batch = []
        batch.append(row)
    if batch:
        yield batch


def _session_options(threads: int) -> onnxruntime.SessionOptions:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # an arena keeps the memory of the longest batch forever
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # threads do not spin while idle
    return options
