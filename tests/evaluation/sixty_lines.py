"""The peer of the search: the same model on the text in the question's language, plain BM25, convex sum .7 : .3.

It knows no place, status or year. What the search adds has to be worth more than this.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from knowledge_base.embedding.port import Embedder
from knowledge_base.language.tokens import content_words, stem_all
from knowledge_base.model import Project
from knowledge_base.search.passages import versions

K1, B = 1.2, 0.75
MEANING = 0.7
TOP = 100

Doubles = npt.NDArray[np.float64]


class SixtyLines:
    """An index over projects for questions in one language."""

    def __init__(self, projects: Sequence[Project], language: str, vectors: npt.NDArray[np.float32]) -> None:
        """Take the vectors of ``texts(projects, language)``."""
        self.ids = [project.id for project in projects]
        self._vectors = vectors
        self._terms = [Counter(_stems(text, language)) for text in texts(projects, language)]
        self._mean = sum(map(Counter.total, self._terms)) / max(len(projects), 1)
        self._holders: dict[str, list[int]] = defaultdict(list)
        for number, terms in enumerate(self._terms):
            for term in terms:
                self._holders[term].append(number)

    async def ranked(self, question: str, language: str, embedder: Embedder) -> list[str]:
        """Return all ids, the best first."""
        meaning = self._vectors @ (await embedder.embed_queries([question]))[0]
        score = MEANING * _scaled(meaning.astype(np.float64)) + (1 - MEANING) * _scaled(self._bm25(question, language))
        return [self.ids[number] for number in np.argsort(-score, kind="stable")]

    def _bm25(self, question: str, language: str) -> Doubles:
        scores = np.zeros(len(self.ids))
        for term in _stems(question, language):
            held = self._holders.get(term, [])
            idf = math.log1p((len(self.ids) - len(held) + 0.5) / (len(held) + 0.5))
            for number in held:
                count, length = self._terms[number][term], self._terms[number].total()
                scores[number] += idf * count * (K1 + 1) / (count + K1 * (1 - B + B * length / self._mean))
        return scores


def texts(projects: Sequence[Project], language: str) -> list[str]:
    """Return title and text of projects, in a language where they have it, else in their own."""
    read = [versions(project).get(language, project) for project in projects]
    return [f"{project.title}\n{project.text}" for project in read]


def _stems(text: str, language: str) -> list[str]:
    return stem_all(content_words(text, language), language)


def _scaled(scores: Doubles) -> Doubles:
    floor = np.sort(scores)[-min(TOP, len(scores))]
    scaled: Doubles = np.clip((scores - floor) / max(float(scores.max() - floor), 1e-9), 0.0, 1.0)
    return scaled
