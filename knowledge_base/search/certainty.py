"""Two decisions, calibrated on questions of several corpora: is a question answered, and which hits count as answers.

Both are logistic models over a few pieces of evidence; their coefficients are in ``tuning``, fitted by
``tools/fit_certainty.py``. docs/search.md has the figures for a corpus that a model was not fitted on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from knowledge_base.model import Project
from knowledge_base.search import tuning
from knowledge_base.search.off_topic import Standing
from knowledge_base.search.ranking import Ranked
from knowledge_base.search.understanding.query import Query

Doubles = npt.NDArray[np.float64]
ANSWERED = ("doubt", "agreement", "length", "english", "no_subject")
COUNTED = ("beside_best", "explains")
_FAR = 5.0  # standard deviations that count at most: no piece of evidence may outvote all others
_LONG = 30  # words that count at most, and the unit of "length" is ten


def evidence(query: Query, ranked: Ranked, standing: Standing, best: Project) -> Doubles:
    """Return the evidence of ``ANSWERED`` for a question, the candidates that meet its conditions, and their best one.

    The question is in doubt as far as the best hit leaves its words unexplained, does not stand ahead of the subjects
    of the background, and one of these is near. The best hit has the agreement of words and meaning. English words
    are few and general: an English text explains half of any English question.
    """
    near = float(np.fmax(ranked.text[0], ranked.asked[0]))
    ahead = standing.ahead(standing.mean if math.isnan(near) else near)
    behind = 1.0 / (1.0 + math.exp(min(ahead, _FAR) - tuning.AHEAD))
    return np.array(
        [
            (1.0 - float(ranked.coverage[0])) * behind * min(standing.nearest, _FAR),
            float(ranked.base[0]),
            min(len(query.text.split()), _LONG) / 10,
            float(query.language == "en" and "en" in (best.lang, *best.translations)),
            float(not query.subject),
        ]
    )


def evidence_of_hits(ranked: Ranked) -> Doubles:
    """Return the evidence of ``COUNTED``, one row for each candidate: how close it comes to the best of them."""
    best = [values / max(float(values.max(initial=0.0)), 1e-9) for values in (ranked.base, ranked.coverage)]
    return np.stack(best, axis=1).astype(np.float64)


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
