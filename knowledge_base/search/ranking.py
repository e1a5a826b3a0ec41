"""From candidates to an order: the fused score of the index plus capped boosts for what was understood.

A boost never hides a hit: the sum of boosts is bounded by ``CAP``, so a document whose words and meaning are better by
more than that stays in front, whatever was misunderstood. The weights were tuned on the development questions.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge_base.search.facets import FEATURES, Facets, Floats, Ints
from knowledge_base.search.index import Candidates
from knowledge_base.search.understanding.query import Query

CAP = 0.9
WEIGHTS = {
    "place": 0.50,
    "near": 0.40,
    "topic": 0.30,
    "round": 0.35,
    "status": 0.45,
    "year": 0.25,
    "rural": 0.30,
    "border": 0.20,
    "transfer": 0.15,
    "overview": 0.10,
    "listed": 0.30,
    "thin": -0.50,
    "double": -0.25,
}
_WEIGHTS = np.array([WEIGHTS[name] for name in FEATURES], np.float32)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates in their final order; parallel arrays. ``features`` has the columns ``facets.FEATURES``."""

    docs: Ints
    score: Floats  # 0 … 1
    base: Floats  # the fused score alone
    features: Floats
    passage: Ints
    dense: Floats
    coverage: Floats

    def __len__(self) -> int:
        return len(self.docs)


def rank(query: Query, found: Candidates, facets: Facets, near: dict[int, float], weights: Floats = _WEIGHTS) -> Ranked:
    """Order candidates by fused score and boosts; ties by document number, so the order is the same every time."""
    features = facets.features(query, found.docs, near)
    boost = np.minimum(features @ weights, CAP)
    total = found.score + boost
    order = np.lexsort((found.docs, -total))
    return Ranked(
        docs=found.docs[order],
        score=_to_unit(total[order]),
        base=found.score[order],
        features=features[order],
        passage=found.passage[order],
        dense=found.dense[order],
        coverage=found.coverage[order],
    )


def _to_unit(total: npt.NDArray[np.float32]) -> Floats:
    scaled: Floats = np.clip(total / np.float32(1.0 + CAP), 0.0, 1.0).astype(np.float32)
    return scaled
