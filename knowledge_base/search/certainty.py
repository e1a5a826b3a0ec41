"""Two decisions, calibrated on questions of several corpora: is a question answered, and which hits count as answers.

Both are logistic models over a few pieces of evidence; their coefficients are in ``tuning``, fitted by
``tools/fit_certainty.py``. docs/search.md has the figures for a corpus that a model was not fitted on.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from knowledge_base.search import tuning
from knowledge_base.search.off_topic import Standing
from knowledge_base.search.ranking import Ranked
from knowledge_base.search.understanding.query import Query

Doubles = npt.NDArray[np.float64]
ANSWERED = ("subject_unexplained", "ahead_unexplained", "length", "conditions", "no_subject")
COUNTED = ("beside_best", "coverage", "no_subject")
_FAR = 5.0  # standard deviations that count at most: no piece of evidence may outvote all others
_LONG = 30  # words that count at most, and the unit of "length" is ten


def evidence(query: Query, ranked: Ranked, standing: Standing) -> Doubles:
    """Return the evidence of ``ANSWERED`` for a question and the candidates that meet its conditions, at least one.

    A word of the question that the best hit does not hold is unexplained. It speaks for another subject as far as one
    of the background is near, and for the hit as far as that is nearer.
    """
    unexplained = 1.0 - float(ranked.coverage[0])
    nearest = np.fmax(ranked.text, ranked.asked)
    best = float(np.nanmax(nearest)) if not np.isnan(nearest).all() else standing.mean
    ahead = min(max(standing.ahead(best), -_FAR), _FAR)
    return np.array(
        [
            unexplained * min(standing.nearest, _FAR),
            unexplained * ahead,
            min(len(query.text.split()), _LONG) / 10,
            float(ranked.conditions),
            float(not query.subject),
        ]
    )


def evidence_of_hits(query: Query, ranked: Ranked) -> Doubles:
    """Return the evidence of ``COUNTED``, one row for each candidate; those that meet the conditions come first."""
    best = max(float(ranked.base.max(initial=0.0)), 1e-9)
    no_subject = np.full(len(ranked), float(not query.subject))
    return np.stack([ranked.base / best, ranked.coverage, no_subject], axis=1)


def answered(evidence: Doubles) -> bool:
    """Return whether the best hit is an answer."""
    return bool(probability(tuning.ANSWERED, evidence) >= tuning.ANSWERED_FROM)


def relevance(evidence: Doubles) -> Doubles:
    """Return the probabilities that hits are answers, by the evidence of each."""
    return probability(tuning.COUNTED, evidence)


def probability(model: Mapping[str, float], evidence: Doubles) -> Doubles:
    """Return the probabilities of a logistic model: its ``bias``, then one weight for each column of the evidence."""
    bias, *weights = model.values()
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(bias + evidence @ np.array(weights), -40.0, 40.0))), np.float64)
