"""Dense scores: cosine of the question with each document's whole text and passages.

Vectors are kept as int8 with one scale each (no loss of rank measured, a quarter of the memory). A few are scanned
exactly as float32. Many are scanned first along their main directions (uncentred PCA), and the best are scored
exactly: the same idea as a Karhunen-Loève filter-and-refine search, with the recall measured in docs/search.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge_base.search.document_sets import distinct
from knowledge_base.search.postings import expand_rows

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
EXACT_BELOW = 4_000  # vectors; about 6 MB and 0.2 ms as float32
DIRECTIONS = 64
REFINE = 1_500  # vectors scored exactly after the first pass
FEEDBACK = 0.1  # of each document that the question is moved to
_SAMPLE = 8_000


def encode(vectors: Floats) -> list[bytes]:
    """Return unit vectors (n, d) as n stored values: little-endian float32 scale, then d int8."""
    scales = np.abs(vectors).max(axis=1, initial=0.0) / 127.0
    codes = np.rint(vectors / np.maximum(scales, 1e-12)[:, None]).astype(np.int8)
    return [scale.astype("<f4").tobytes() + code.tobytes() for scale, code in zip(scales, codes, strict=True)]


def decode(values: Sequence[bytes]) -> tuple[npt.NDArray[np.int8], Floats]:
    """Return stored values of equal length as codes (n, d) and scales (n,)."""
    if not values:
        return np.zeros((0, 0), np.int8), np.zeros(0, np.float32)
    rows = np.frombuffer(b"".join(values), np.int8).reshape(len(values), -1)
    return np.ascontiguousarray(rows[:, 4:]), rows[:, :4].copy().view("<f4").ravel().astype(np.float32)


@dataclass(frozen=True, slots=True)
class DenseScores:
    """Scores of documents (ascending): the mean of best passage and whole text, and the best passage's number."""

    docs: Ints
    score: Floats
    passage: Ints


_NONE = DenseScores(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.int64))


@dataclass(frozen=True, slots=True)
class Dense:
    """The vectors of a corpus. Those of a document stand together, the whole text's first."""

    codes: npt.NDArray[np.int8]  # (vectors, dimension)
    scales: Floats
    doc: Ints  # of each vector, ascending
    number: Ints  # of each vector: which passage of the document it is
    starts: Ints  # of document d: vectors [starts[d], starts[d + 1])
    first_pass: Floats  # (vectors, dimension) exact, or (vectors, DIRECTIONS)
    directions: Floats | None  # (dimension, DIRECTIONS), None when the first pass is exact

    @classmethod
    def build(cls, hashes: Sequence[Sequence[bytes]], vectors: Mapping[bytes, bytes]) -> Dense:
        """Return the vectors of documents; ``hashes`` are each document's text hashes, the whole text first.

        A document with a text that has no vector yet is left out: half a document would be scored against whole ones.
        """
        ready = [bool(keys) and all(key in vectors for key in keys) for keys in hashes]
        sizes = np.array([len(keys) if there else 0 for keys, there in zip(hashes, ready, strict=True)], np.int64)
        codes, scales = decode([vectors[k] for keys, there in zip(hashes, ready, strict=True) if there for k in keys])
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        doc = np.repeat(np.arange(len(sizes)), sizes)
        directions = _directions(codes, scales) if len(codes) > EXACT_BELOW else None
        return cls(
            codes, scales, doc, np.arange(len(doc)) - starts[doc], starts, _scan(codes, scales, directions), directions
        )

    def fits(self, query: Floats) -> bool:
        """Return whether there are vectors that this one can be compared with."""
        return len(self.codes) > 0 and query.shape == self.codes.shape[1:]

    def scores(self, query: Floats, also: Ints) -> DenseScores:
        """Return exact scores of the documents that may be among the best, and of those in ``also`` that have vectors.

        ``query`` must fit.
        """
        if self.directions is None:
            return self._combined(np.arange(len(self.doc)), self.first_pass @ query)
        rough = self.first_pass @ (query @ self.directions)
        best = np.argpartition(rough, -REFINE)[-REFINE:]
        return self.exact(query, distinct(np.concatenate([self.doc[best], also])))

    def exact(self, query: Floats, docs: Ints) -> DenseScores:
        """Return the scores of these documents (ascending); those without vectors are left out."""
        sizes = self.starts[docs + 1] - self.starts[docs]
        rows = expand_rows(self.starts[docs], sizes)
        if not len(rows):
            return _NONE
        return self._combined(rows, (self.codes[rows].astype(np.float32) @ query) * self.scales[rows])

    def nearer(self, query: Floats, docs: Ints) -> Floats:
        """Return the question moved towards the whole texts of documents that answer it well (Rocchio feedback)."""
        whole = self.starts[docs[self.starts[docs] < self.starts[docs + 1]]]
        moved = query + np.float32(FEEDBACK) * (self.codes[whole] * self.scales[whole, None]).sum(axis=0)
        unit: Floats = (moved / max(float(np.linalg.norm(moved)), 1e-9)).astype(np.float32)
        return unit

    def _combined(self, rows: Ints, cosine: Floats) -> DenseScores:
        """Return scores of documents from scores of vectors; the vectors are those of whole documents, in order."""
        doc = self.doc[rows]
        first = np.flatnonzero(np.diff(doc, prepend=-1))
        best = np.maximum.reduceat(cosine, first)
        owner = np.repeat(np.arange(len(first)), np.diff(first, append=len(doc)))
        at_best = np.flatnonzero(cosine == best[owner])
        earliest = at_best[np.diff(owner[at_best], prepend=-1) != 0]
        return DenseScores(doc[first], (best + cosine[first]) * np.float32(0.5), self.number[rows[earliest]])


def _directions(codes: npt.NDArray[np.int8], scales: Floats) -> Floats:
    step = -(-len(codes) // _SAMPLE)
    sample = codes[::step].astype(np.float32) * scales[::step, None]
    _, vectors = np.linalg.eigh(sample.T @ sample)
    return np.ascontiguousarray(vectors[:, ::-1][:, :DIRECTIONS], np.float32)


def _scan(codes: npt.NDArray[np.int8], scales: Floats, directions: Floats | None) -> Floats:
    if directions is None:
        return codes.astype(np.float32) * scales[:, None]
    blocks = [codes[i : i + _SAMPLE].astype(np.float32) @ directions for i in range(0, len(codes), _SAMPLE)]
    return np.ascontiguousarray(np.concatenate(blocks) * scales[:, None])
