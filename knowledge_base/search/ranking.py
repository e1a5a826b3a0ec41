"""From candidates to an order: a convex sum of meaning and words, and the focus, after the conditions of the question.

A condition (place, round, status …) is a filter, not a boost: what meets more conditions stands before what meets
fewer, whatever the texts say. What misses one is no hit, only near; the answer names the condition.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from knowledge_base.search import tuning
from knowledge_base.search.conditions import Bools, Fit, Floats, Ints
from knowledge_base.search.index import Candidates
from knowledge_base.search.understanding.query import Query


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates in their final order; parallel arrays."""

    docs: Ints
    score: Floats  # 0 … 1, comparable within one answer
    base: Floats  # the convex sum with the focus alone, 0 … 1
    met: Bools  # meets every condition
    here: Bools  # is of the place asked for, and not left out
    elsewhere: Bools  # is of another place that is not left out, and meets every other condition
    thin: Bools
    text: Floats  # cosine
    asked: Floats  # cosine; NaN where the document has no questions
    words: Floats  # BM25
    coverage: Floats
    passage: Ints
    conditions: bool  # the question has some

    def __len__(self) -> int:
        return len(self.docs)

    def ordered(self, order: Ints) -> Ranked:
        """Return the same candidates in another order; scores keep their places, so they still fall."""
        return self._taken(order, score=self.score)

    def only(self, wanted: Bools | Ints) -> Ranked:
        """Return some of the candidates, in their order."""
        return self._taken(wanted, score=self.score[wanted])

    def _taken(self, rows: Ints | Bools, score: Floats) -> Ranked:
        arrays = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name not in _WHOLE}
        return Ranked(score=score, conditions=self.conditions, **arrays)


_WHOLE = frozenset({"score", "conditions"})


def rank(query: Query, candidates: Candidates, fit: Fit) -> Ranked:
    """Order candidates by conditions met, then by the convex sum; the last ties by document number."""
    base = focused(fused(candidates), fit.focus)
    share = 1.0 if query.subject or not fit.conditions else tuning.NO_SUBJECT
    total = base * np.float32(share) + tuning.THIN * fit.thin
    total += np.float32(tuning.CONDITION) * fit.degree
    order = np.lexsort((candidates.docs, -fit.degree, -total))
    least, most = min(float(total[fit.thin <= 1].min(initial=0.0)), 0.0), float(total.max(initial=1.0))
    return Ranked(
        docs=candidates.docs[order],
        score=np.clip((total[order] - least) / np.float32(max(most - least, 1e-9)), 0.0, 1.0).astype(np.float32),
        base=base[order],
        met=fit.met[order],
        here=fit.here[order],
        elsewhere=fit.elsewhere[order],
        thin=fit.thin[order] > 0,
        text=candidates.text[order],
        asked=candidates.asked[order],
        words=candidates.words[order],
        coverage=candidates.coverage[order],
        passage=candidates.passage[order],
        conditions=bool(fit.conditions),
    )


def fused(candidates: Candidates) -> Floats:
    """Return the convex sum of the sides, 0 … 1.

    Words count less when no document holds most of the question's words: they are a paraphrase then. Without vectors
    words decide alone. A document without questions of its own counts on that side as by its text.
    """
    words = normalised(candidates.words, 1e-9)
    if np.isnan(candidates.text).all():
        return words
    text = normalised(candidates.text, tuning.LEAST_TEXT_SPAN)
    asked = np.where(np.isnan(candidates.asked), text, normalised(candidates.asked, tuning.LEAST_TEXT_SPAN))
    share = tuning.SHARE_WORDS * (1.0 - tuning.UNCOVERED * (1.0 - float(candidates.coverage.max(initial=0.0))))
    meaning = (1.0 - tuning.SHARE_ASKED) * text + tuning.SHARE_ASKED * asked
    total: Floats = (share * words + (1.0 - share) * meaning).astype(np.float32)
    return total


def focused(base: Floats, focus: Floats) -> Floats:
    """Return the convex sum raised for records that are about little else than the topics named.

    Otherwise a strategy that lists the topic among others outranks the project on it.
    """
    raised = np.float32(tuning.FOCUS) * focus
    total: Floats = (base + raised) / (np.float32(1.0) + raised.max(initial=np.float32(0.0)))
    return total


def normalised(scores: Floats, least: float) -> Floats:
    """Return scores scaled to 0 … 1 from the ``TOP``-th best to the best, a span of at least ``least``; NaN is 0."""
    known = scores[~np.isnan(scores)]
    if not len(known):
        return np.zeros(len(scores), np.float32)
    count = min(tuning.TOP, len(known))
    floor, top = float(np.partition(known, -count)[-count]), float(known.max())
    if floor == top:
        floor = min(top, 0.0)  # all are the best, unless none has any score
    scaled: Floats = np.clip((scores - np.float32(floor)) / np.float32(max(top - floor, least)), 0.0, 1.0)
    return np.nan_to_num(scaled).astype(np.float32)
