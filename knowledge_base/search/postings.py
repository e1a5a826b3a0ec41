"""Inverted lists as arrays: terms to documents with BM25 impacts that are computed once.

BM25 as in Lucene: Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge_base.search.tuning import K1, B

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Weighted = tuple[str, float]  # a term, and how much it counts


@dataclass(frozen=True, slots=True)
class Counts:
    """The counts of forms in documents: parallel arrays, one entry per (document, form)."""

    form: Ints
    doc: Ints
    weight: Floats
    size: int  # documents


@dataclass(frozen=True, slots=True)
class Postings:
    """Term -> documents with their impacts, in compressed rows; documents ascend within a term."""

    terms: Mapping[str, int]
    starts: Longs  # of term t: [starts[t], starts[t + 1])
    docs: Ints
    impacts: Floats
    idf: Floats
    size: int  # documents

    @classmethod
    def build(cls, counts: Counts, meanings: Sequence[Iterable[Weighted]]) -> Postings:
        """Return the postings of the terms of each form; a form's weight in a document counts for each term."""
        terms: dict[str, int] = {}
        key, frequency = _term_frequencies(counts, meanings, terms)
        size = max(counts.size, 1)
        term, doc = key // size, (key % size).astype(np.int32)
        starts = np.searchsorted(term, np.arange(len(terms) + 1))
        held = np.diff(starts)
        idf = np.log1p((counts.size - held + 0.5) / (held + 0.5)).astype(np.float32)
        length = np.bincount(doc, weights=frequency, minlength=counts.size).astype(np.float32)
        norm = K1 * (1 - B + B * length / max(float(length.mean()) if counts.size else 0.0, 1e-9))
        impacts = (idf[term] * frequency * (K1 + 1) / (frequency + norm[doc])).astype(np.float32)
        return cls(terms, starts, doc, impacts, idf, counts.size)

    def of(self, term: str) -> tuple[Ints, Floats]:
        """Return the documents that hold a term, ascending, and its impacts there."""
        number = self.terms.get(term)
        if number is None:
            return self.docs[:0], self.impacts[:0]
        span = slice(int(self.starts[number]), int(self.starts[number + 1]))
        return self.docs[span], self.impacts[span]

    def add_best(self, scores: Floats, meant: Sequence[Weighted], scratch: Floats) -> None:
        """Add to each document the best of some terms, not their sum: they are ways to say the same.

        ``scratch`` is as long as ``scores``, all zero before and after.
        """
        rows = [(docs, impacts * np.float32(weight)) for term, weight in meant for docs, impacts in (self.of(term),)]
        rows = [(docs, values) for docs, values in rows if len(docs)]
        if len(rows) == 1:
            docs, values = rows[0]
            scores[docs] += values
            return
        for docs, values in rows:
            scratch[docs] = np.maximum(scratch[docs], values)
        for docs, _ in rows:
            scores[docs] += scratch[docs]
            scratch[docs] = 0.0

    def holds(self, term: str, docs: Longs) -> npt.NDArray[np.bool_]:
        """Return which of ``docs`` hold the term."""
        listed, _ = self.of(term)
        if not len(listed):
            return np.zeros(len(docs), np.bool_)
        place = np.minimum(np.searchsorted(listed, docs), len(listed) - 1)
        there: npt.NDArray[np.bool_] = listed[place] == docs
        return there

    def idf_of(self, term: str) -> float:
        """Return the term's inverse document frequency; 0 when no document holds it."""
        number = self.terms.get(term)
        return 0.0 if number is None else float(self.idf[number])


def _term_frequencies(
    counts: Counts, meanings: Sequence[Iterable[Weighted]], terms: dict[str, int]
) -> tuple[Longs, Floats]:
    """Return ascending keys ``term * size + doc``, each once, and the term's weight there; fill ``terms``."""
    numbers = [(terms.setdefault(term, len(terms)), weight) for meant in meanings for term, weight in meant]
    flat = np.array(numbers, np.float64).reshape(-1, 2)
    sizes = np.array([len(tuple(meant)) for meant in meanings], np.int64)
    starts = np.cumsum(sizes) - sizes
    rows = expand_rows(starts[counts.form], sizes[counts.form])
    each = sizes[counts.form]
    key = flat[rows, 0].astype(np.int64) * max(counts.size, 1) + np.repeat(counts.doc, each)
    weight = flat[rows, 1] * np.repeat(counts.weight, each)
    key, inverse = np.unique(key, return_inverse=True)
    return key, np.bincount(inverse, weights=weight, minlength=len(key)).astype(np.float32)


def expand_rows(starts: Longs, sizes: Longs) -> Longs:
    """Return the positions of several ranges one after another: ``starts[0], starts[0] + 1, …``."""
    ends = np.cumsum(sizes)
    rows: Longs = np.repeat(starts - ends + sizes, sizes) + np.arange(int(ends[-1]) if len(ends) else 0)
    return rows
