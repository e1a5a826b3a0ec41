"""Sets of documents as sorted arrays of their numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Key = TypeVar("Key", int, str)


def distinct(values: Ints) -> Ints:
    """Return each value once, ascending; several times as fast as ``numpy.unique`` for some thousands of numbers."""
    ordered = np.sort(values)
    once: Ints = ordered[np.diff(ordered, prepend=-1) != 0]
    return once


def union(postings: Sequence[Ints | None]) -> Ints | None:
    known = [posting for posting in postings if posting is not None]
    if len(known) < 2:  # one is sorted already: a state may hold most of a large corpus
        return known[0] if known else None
    return np.unique(np.concatenate(known))


def within(docs: Ints, postings: Iterable[Ints]) -> Floats:
    """Return 1 for each of ``docs`` that stands in one of the postings, else 0."""
    fit = np.zeros(len(docs), np.float32)
    for posting in postings:
        place = np.minimum(np.searchsorted(posting, docs), len(posting) - 1)
        fit[posting[place] == docs] = 1.0
    return fit


def postings(pairs: Iterable[tuple[Key, int]]) -> dict[Key, Ints]:
    documents: dict[Key, list[int]] = defaultdict(list)
    for key, doc in pairs:
        documents[key].append(doc)
    return {key: np.unique(np.array(docs, np.int64)) for key, docs in documents.items()}
