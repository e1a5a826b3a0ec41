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
from knowledge_base.search.passages import Passage
from knowledge_base.search.postings import expand_rows
from knowledge_base.search.tuning import COMMON

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
EXACT_BELOW = 4_000  # vectors; about 6 MB and 0.2 ms as float32
DIRECTIONS = 64
REFINE = 1_500  # vectors scored exactly after the first pass
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


FEW = 4  # texts: the mean of so few says half as much about what all share


@dataclass(frozen=True, slots=True)
class DenseScores:
    """Closeness of documents (ascending) to a question: the cosine, less what is common to all texts.

    ``text`` is the mean of the best passage and the whole text; ``asked`` the best of the questions that a document
    answers, NaN where it has none; ``passage`` the number of the best passage.
    """

    docs: Ints
    text: Floats
    asked: Floats
    passage: Ints


_NOTHING = np.zeros(0, np.float32)
_NONE = DenseScores(np.zeros(0, np.int64), _NOTHING, _NOTHING, np.zeros(0, np.int64))
WHOLE, PART, ASKED = range(3)
_KINDS = {"whole": WHOLE, "part": PART, "asked": ASKED}


@dataclass(frozen=True, slots=True)
class Dense:
    """The vectors of a corpus. Those of a document stand together, in the order of its passages."""

    codes: npt.NDArray[np.int8]  # (vectors, dimension)
    scales: Floats
    doc: Ints  # of each vector, ascending
    number: Ints  # of each vector: which passage of the document it is
    kind: npt.NDArray[np.int8]  # of each vector: WHOLE, PART or ASKED
    starts: Ints  # of document d: vectors [starts[d], starts[d + 1])
    spoken: Mapping[str, npt.NDArray[np.bool_]]  # by language: the vectors that count for a question in it
    common: Floats  # (dimension,): the mean of the texts
    first_pass: Floats  # (vectors, dimension) exact, or (vectors, DIRECTIONS)
    directions: Floats | None  # (dimension, DIRECTIONS), None when the first pass is exact

    @classmethod
    def build(cls, texts: Sequence[Sequence[Passage]], vectors: Mapping[bytes, bytes]) -> Dense:
        """Return the vectors of documents; ``texts`` are the passages of each.

        A document with a text that has no vector yet is left out: half a document would be scored against whole ones.
        """
        hashes = [[passage.hash for passage in own] for own in texts]
        ready = [bool(keys) and all(key in vectors for key in keys) for keys in hashes]
        kept = [passage for own, there in zip(texts, ready, strict=True) if there for passage in own]
        sizes = np.array([len(keys) if there else 0 for keys, there in zip(hashes, ready, strict=True)], np.int64)
        codes, scales = decode([vectors[k] for keys, there in zip(hashes, ready, strict=True) if there for k in keys])
        starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        doc = np.repeat(np.arange(len(sizes)), sizes)
        kind = np.array([_KINDS[passage.kind] for passage in kept], np.int8)
        directions = _directions(codes, scales) if len(codes) > EXACT_BELOW else None
        return cls(
            codes=codes,
            scales=scales,
            doc=doc,
            number=np.arange(len(doc)) - starts[doc],
            kind=kind,
            starts=starts,
            spoken=_spoken([passage.lang for passage in kept], doc, kind, starts),
            common=_mean(codes[kind != ASKED], scales[kind != ASKED]),
            first_pass=_scan(codes, scales, directions),
            directions=directions,
        )

    def fits(self, query: Floats) -> bool:
        """Return whether there are vectors that this one can be compared with."""
        return len(self.codes) > 0 and query.shape == self.codes.shape[1:]

    def away(self, query: Floats) -> Floats:
        """Return a question's vector, moved away from what all texts have in common.

        A text near to the mean of all is near to every question (a hub: Radovanović, Nanopoulos & Ivanović, 2010).
        """
        moved: Floats = query - np.float32(COMMON) * self.common
        return moved

    def scores(self, query: Floats, language: str, also: Ints) -> DenseScores:
        """Return exact scores of the documents that may be among the best, and of those in ``also`` that have vectors.

        ``query`` must fit, and be moved ``away``. A document counts in the language of the question where it has a text
        in it.
        """
        if self.directions is None:
            return self._combined(np.arange(len(self.doc)), self.first_pass @ query, language)
        rough = self.first_pass @ (query @ self.directions)
        best = np.argpartition(rough, -REFINE)[-REFINE:]
        return self.exact(query, language, distinct(np.concatenate([self.doc[best], also])))

    def exact(self, query: Floats, language: str, docs: Ints) -> DenseScores:
        """Return the scores of these documents (ascending); those without vectors are left out."""
        sizes = self.starts[docs + 1] - self.starts[docs]
        rows = expand_rows(self.starts[docs], sizes)
        if not len(rows):
            return _NONE
        return self._combined(rows, (self.codes[rows].astype(np.float32) @ query) * self.scales[rows], language)

    def _combined(self, rows: Ints, cosine: Floats, language: str) -> DenseScores:
        """Return scores of documents from cosines of vectors; the vectors are those of whole documents, in order."""
        spoken = self.spoken.get(language, self.spoken[""])[rows]
        rows, cosine = rows[spoken], cosine[spoken]
        doc, kind = self.doc[rows], self.kind[rows]
        text = kind != ASKED
        rows_of_text, of_text = rows[text], cosine[text]
        owner_doc = doc[text]
        first = np.flatnonzero(np.diff(owner_doc, prepend=-1))
        docs = owner_doc[first]
        best = np.maximum.reduceat(of_text, first)
        owner = np.repeat(np.arange(len(first)), np.diff(first, append=len(owner_doc)))
        at_best = np.flatnonzero(of_text == best[owner])
        earliest = at_best[np.diff(owner[at_best], prepend=-1) != 0]
        asked = np.full(len(docs), -np.inf, np.float32)
        np.maximum.at(asked, np.searchsorted(docs, doc[~text]), cosine[~text])
        asked[np.isneginf(asked)] = np.nan
        whole = of_text[first]
        return DenseScores(docs, (best + whole) * np.float32(0.5), asked, self.number[rows_of_text[earliest]])


def _spoken(
    languages: Sequence[str], doc: Ints, kind: npt.NDArray[np.int8], starts: Ints
) -> dict[str, npt.NDArray[np.bool_]]:
    """Return for each language the vectors that count: the texts in it, else the original, and all questions.

    The key "" stands for a language in which no document has a text.
    """
    of = np.array(languages, object)
    asked = kind == ASKED
    original = np.zeros(len(doc), np.bool_)
    if len(doc):
        original = of == of[starts[doc]]
    masks = {"": asked | original}
    for language in set(languages):
        own = (of == language) & ~asked
        has = np.bincount(doc[own], minlength=len(starts) - 1) > 0
        masks[language] = asked | np.where(has[doc], own, original) if len(doc) else asked
    return masks


def _mean(codes: npt.NDArray[np.int8], scales: Floats) -> Floats:
    """Return the mean of vectors, of a sample where they are many; near 0 for a few, which have little in common."""
    step = -(-len(codes) // _SAMPLE) or 1
    sample = codes[::step].astype(np.float32) * scales[::step, None]
    mean: Floats = sample.sum(axis=0) / np.float32(len(sample) + FEW)
    return mean


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
