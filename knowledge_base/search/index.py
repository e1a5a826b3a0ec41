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
from knowledge_base.search.fusion import fused
from knowledge_base.search.lexical import Lexical
from knowledge_base.search.passages import Passage, passages, text_hash

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
FEEDBACK_DOCUMENTS = 5
MAX_QUESTION = 2_000  # characters; what comes after them is not read


@dataclass(frozen=True, slots=True)
class Candidates:
    """The documents that may answer a question, best first; parallel arrays."""

    docs: Ints  # positions in ``Index.projects``
    score: Floats  # fused, 0 … 1, comparable within one question
    dense: Floats  # cosine, mean of best passage and whole text; NaN where there is no vector
    meant: Floats  # dense, half of it after the question was moved to the best documents: ranks better, says less
    lexical: Floats  # BM25, 0 … unbounded
    phrase: Floats  # share of the question's neighbouring words that stand beside each other there too; 0 … 1
    coverage: Floats  # share of the question's content words, weighted by idf, that the document holds; 0 … 1
    passage: Ints  # number of the best passage (0 is the whole text) for ``Index.passage``

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
        hashes = [[passage.hash for passage in passages(project)] for project in ordered]
        return cls(ordered, Lexical.build(ordered), Dense.build(hashes, vectors), vectors)

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

    def candidates(
        self,
        words: str,
        query_vector: Floats | None,
        language: str,
        *,
        expansions: Sequence[str] = (),
        k: int = 100,
    ) -> Candidates:
        """Return at most ``k`` documents for a question, best first, equal ones by id.

        ``words`` is the question, ``query_vector`` its unit vector (None: search by words alone). ``expansions`` are
        German words for it (labels of a topic); they count half and not for the coverage.
        """
        query = self.lexical.query(words[:MAX_QUESTION], language, expansions)
        lexical = self.lexical.scores(query)
        named = _best(lexical, k)
        docs = named
        dense, passage = np.full(len(lexical), np.nan, np.float32), np.zeros(len(lexical), np.int64)
        vector = query_vector if query_vector is not None and self.dense.fits(query_vector) else None
        if vector is not None:
            scores = self.dense.scores(vector, named)
            dense[scores.docs], passage[scores.docs] = scores.score, scores.passage
            nearest = scores.docs[_best(1.0 + scores.score, k)]  # a cosine may be negative
            docs = distinct(np.concatenate((named, nearest)))
        phrase = self.lexical.phrases(query, docs)
        score = fused(dense[docs], lexical[docs], phrase, language)
        meant = dense[docs] if vector is None else self._feedback(vector, docs, score, dense)
        score = fused(meant, lexical[docs], phrase, language)
        order = np.lexsort((docs, -score))[:k]
        docs = docs[order]
        coverage = self.lexical.coverage(query, docs)
        return Candidates(
            docs, score[order], dense[docs], meant[order], lexical[docs], phrase[order], coverage, passage[docs]
        )

    def _feedback(self, query_vector: Floats, docs: Ints, score: Floats, dense: Floats) -> Floats:
        """Return dense scores of ``docs``, half of each taken after moving the question towards the best.

        Near duplicates and documents on the same subject rise together, whatever words the question uses.
        """
        first = docs[np.lexsort((docs, -score))[:FEEDBACK_DOCUMENTS]]
        moved = self.dense.exact(self.dense.nearer(query_vector, first), docs)
        again = dense[docs].copy()
        place = np.searchsorted(docs, moved.docs)
        again[place] = (again[place] + moved.score) / 2
        return again


def _best(scores: Floats, k: int) -> Ints:
    """Return the positions of the ``k`` best positive scores, ascending."""
    if len(scores) > k:
        best = np.argpartition(scores, -k)[-k:]
        return np.sort(best[scores[best] > 0])
    return np.flatnonzero(scores > 0)
