"""The search index: an immutable snapshot of all projects, in memory, that proposes candidates for a question.

Building and updating take processor time and belong in a thread; asking is quick and many tasks may do it at once. A
snapshot never changes: ``updated`` returns a new one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge_base.model import Project
from knowledge_base.search.dense import Dense
from knowledge_base.search.document_sets import distinct
from knowledge_base.search.lexical import Lexical, TermQuery
from knowledge_base.search.passages import Passage, passages, text_hash

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
MAX_QUESTION = 2_000  # characters; what comes after them is not read


@dataclass(frozen=True, slots=True)
class Candidates:
    """The documents that may answer a question, ascending; parallel arrays."""

    docs: Ints  # positions in ``Index.projects``
    text: Floats  # closeness of the text; NaN where there is no vector
    asked: Floats  # closeness of the nearest question that the document answers; NaN where it has none
    words: Floats  # BM25, 0 … unbounded
    coverage: Floats  # share of the subject's words, weighted by idf, that the document explains; 0 … 1
    passage: Ints  # number of the best passage for ``Index.passage``

    def __len__(self) -> int:
        return len(self.docs)


@dataclass(frozen=True)
class Index:
    """The search index. ``projects`` are in order of their ids, which also breaks ties."""

    projects: tuple[Project, ...]
    lexical: Lexical
    dense: Dense
    vectors: Mapping[bytes, bytes]

    @classmethod
    def build(cls, projects: Sequence[Project], vectors: Mapping[bytes, bytes]) -> Index:
        """Return the index of projects with distinct ids and of the stored vectors of their ``texts_needed``.

        The vectors are encoded (``dense.encode``). A document with a missing vector is found by its words only.
        """
        ordered = tuple(sorted(projects, key=lambda project: project.id))
        texts = [passages(project) for project in ordered]
        return cls(ordered, Lexical.build(ordered), Dense.build(texts, vectors), vectors)

    @staticmethod
    def texts_needed(projects: Sequence[Project]) -> dict[bytes, str]:
        """Return every text that must be embedded as a passage, by its hash."""
        return {text_hash(passage.text): passage.text for project in projects for passage in passages(project)}

    def updated(self, changed: Sequence[Project], removed: Sequence[str], vectors: Mapping[bytes, bytes]) -> Index:
        """Return a snapshot with these projects added or replaced and these ids removed; ``vectors`` are complete."""
        kept = {project.id: project for project in self.projects}
        kept.update((project.id, project) for project in changed)
        return Index.build([project for project in kept.values() if project.id not in set(removed)], vectors)

    def passage(self, doc: int, number: int) -> Passage:
        """Return a passage of a document by the number in ``Candidates.passage``."""
        return passages(self.projects[doc])[number]

    def candidates(self, query: TermQuery, vector: Floats | None, language: str, also: Ints, k: int) -> Candidates:
        """Return the ``k`` best documents of each side, and those in ``also``.

        ``vector`` is the question's unit vector (None: search by words alone).
        """
        words = self.lexical.scores(query)
        named = distinct(np.concatenate((_best(words, k), also)))
        text, asked = (np.full(len(words), np.nan, np.float32) for _ in range(2))
        passage = np.zeros(len(words), np.int64)
        docs = named
        if vector is not None and self.dense.fits(vector):
            scores = self.dense.scores(self.dense.away(vector), language, named)
            text[scores.docs], asked[scores.docs], passage[scores.docs] = scores.text, scores.asked, scores.passage
            near = scores.docs[_best(1.0 + scores.text, k)]  # a cosine may be negative
            alike = scores.docs[_best(1.0 + np.nan_to_num(scores.asked, nan=-1.0), k)]
            docs = distinct(np.concatenate((named, near, alike)))
        coverage = self.lexical.coverage(query, docs)
        return Candidates(docs, text[docs], asked[docs], words[docs], coverage, passage[docs])


def _best(scores: Floats, k: int) -> Ints:
    """Return the positions of the ``k`` best positive scores, ascending."""
    positive = np.flatnonzero(scores > 0)  # first: a partition of many equal scores is slow
    if len(positive) > k:
        return np.sort(positive[np.argpartition(scores[positive], -k)[-k:]])
    return positive
