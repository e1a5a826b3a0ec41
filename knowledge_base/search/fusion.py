"""Fusion of scores of different kinds: a convex sum after each is scaled to 0 … 1 over its own best.

Bruch, Gai & Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", 2023: a convex sum with few tuned
parameters beats reciprocal ranks, which lose badly where one side is blind (a question in another language).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
TOP = 100  # the best of each side that span its scale
DENSE = {"de": 0.5, "en": 0.55, "pl": 0.55}  # share of the dense side
OTHER_LANGUAGE = 0.6
PHRASE = 0.15  # share of the phrases in the whole


def fused(dense: Floats, lexical: Floats, phrase: Floats, language: str) -> Floats:
    """Return the scores of candidates, 0 … 1.

    A candidate without a vector (NaN) counts as the poorest on the dense side; where no candidate has one, words decide
    alone.
    """
    share = np.float32(DENSE.get(language, OTHER_LANGUAGE) if not np.isnan(dense).all() else 0.0)
    sides = share * normalised(dense, *span(dense)) + (1 - share) * normalised(lexical, *span(lexical))
    total: Floats = (1 - np.float32(PHRASE)) * sides + np.float32(PHRASE) * phrase
    return total


def normalised(scores: Floats, floor: float, top: float) -> Floats:
    """Return scores scaled to 0 … 1 between ``floor`` and ``top``; NaN (unknown) becomes 0."""
    scaled: Floats = np.clip((scores - floor) / np.float32(max(top - floor, 1e-9)), 0.0, 1.0)
    return np.nan_to_num(scaled)


def span(scores: Floats, k: int = TOP) -> tuple[float, float]:
    """Return the k-th best and the best of the scores, NaN left out: ``normalised`` maps them to 0 and 1."""
    known = scores[~np.isnan(scores)]
    if not len(known):
        return 0.0, 1.0
    k = min(k, len(known))
    return float(np.partition(known, -k)[-k]), float(known.max())
