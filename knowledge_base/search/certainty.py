"""The decision whether an answer is sure enough: calibrated, and learnt from questions without an answer.

A logistic model over a few features of the question, its best hit and the corpus, so that it also holds for other
corpora. Its coefficients are data (``certainty.json``), fitted by ``tools/fit_certainty.py``; the file names the
questions behind them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from knowledge_base.search.certainty_signs import asks_own_affair, asks_private_data
from knowledge_base.search.facets import FEATURES, LIMITS, Floats
from knowledge_base.search.lexical import Lexical
from knowledge_base.search.off_topic import Background
from knowledge_base.search.ranking import Ranked
from knowledge_base.search.understanding.query import Query

SIGNS: Mapping[str, int] = {  # 1: may only speak for the best hit, -1: only against it, whatever the examples say
    "score": 1,  # of the best hit: words, meaning and what was understood together
    "limits_met": 1,  # no subject, and it meets the limits named
    "place_missing": -1,  # a place was named, and no hit is of it: decides alone
    "overtaken": -1,  # how much better the texts of other places fit than those of the place named
    "topic_elsewhere": -1,  # a topic was named; a text of another place is about it and says more, the best hit is not
    "topic_missing": -1,  # a topic was named, the best hit is not about it
    "length": 1,  # of the question: the longer, the less of it any text can hold
    "private": -1,  # asks for personal data of a person
    "own_affair": -1,  # a private errand of the asker, as far as the background is nearer than any document
    "background": -1,  # the lead of the nearest few subjects of the background; fades where a document is ahead
    "background_unexplained": -1,  # … the nearest one, as far as words of the question are missing in the best hit
    "ahead_unexplained": 1,  # the nearest document above the nearest few subjects, as far as words are missing
}
NAMES = tuple(SIGNS)
_LIKELY = 0.5
_TOPICAL = 0.7  # a word that names a topic counts so much where the topic is met, but not the word
_TOPICAL_UNKNOWN = 0.3  # … and stands nowhere in the corpus: "Kita" is education, but no project is about it
_TOPIC_MET = 0.2  # a fit below is about something else
_SLIGHT = 0.1  # a fit below counts as none
_FAR = 5.0  # standard deviations of the background that count at most
_USUAL = 2.0  # the nearest few subjects stand out so much whatever is asked
_CLEAR = 4.0  # where a document is so much ahead of the background, the background tells nothing more
_LEAD = 0.3  # what fits better by less, of texts alone, tells nothing
_LONG = 30  # words that count at most, and the unit of "length" is ten
_TOP = 5
_FEATURE = {name: number for number, name in enumerate(FEATURES)}
_TOPIC = _FEATURE["topic"]
_PLACES = [_FEATURE[name] for name in ("place", "near")]
_LIMITS = [_FEATURE[name] for name in LIMITS]


@dataclass(frozen=True, slots=True)
class Certainty:
    """The fitted model: a question is answered when ``probability`` reaches ``threshold``."""

    weights: npt.NDArray[np.float64]  # one per NAMES, after the bias
    threshold: float

    def probability(self, evidence: npt.NDArray[np.float64]) -> float:
        """Return the probability that the best hit is an answer, 0 … 1."""
        logit = float(self.weights[0] + self.weights[1:] @ evidence)
        return float(1.0 / (1.0 + np.exp(-np.clip(logit, -40.0, 40.0))))

    def sure(self, evidence: npt.NDArray[np.float64]) -> bool:
        """Return whether to answer. A project of another city is no answer, however well it fits otherwise."""
        return self.probability(evidence) >= self.threshold and not evidence[NAMES.index("place_missing")]

    def likely(self, evidence: npt.NDArray[np.float64]) -> bool:
        """Return whether to offer projects of other places beside a refusal.

        The threshold of ``sure`` is low, so that few questions are refused wrongly. A higher one is safe here, because
        the nearest projects are shown in any case.
        """
        return self.sure(evidence) and self.probability(evidence) >= _LIKELY


@cache
def fitted() -> Certainty:
    """Return the model that ships with the product."""
    data = json.loads(files("knowledge_base.search").joinpath("certainty.json").read_text("utf-8"))
    coefficients: Mapping[str, float] = data["coefficients"]
    weights = np.array([data["bias"], *(coefficients[name] for name in NAMES)], np.float64)
    return Certainty(weights, float(data["threshold"]))


def evidence(
    query: Query, candidates: Ranked, lexical: Lexical, background: Background, vector: Floats
) -> npt.NDArray[np.float64]:
    """Return the features of ``NAMES`` for a question (its unit vector) and its ranked candidates (at least one).

    Where candidates of the named place exist, the features describe those.
    """
    ranked = candidates.only(candidates.here) if candidates.here.any() else candidates
    best = ranked.features[0]
    limits = float(best[_LIMITS].max())
    explained = _explained(query, ranked, lexical) if query.subject else limits
    missing = 1.0 - explained
    others = candidates.only(~candidates.here)
    theirs = _explained(query, others, lexical) if query.subject and len(others) else 0.0
    topic_missing = float(bool(query.understood.topics) and best[_TOPIC] < _TOPIC_MET)
    standing = background.standing(vector, query.language, _nearest(ranked.dense))
    ahead = _within(standing.ahead)
    values = {
        "score": float(ranked.score[0]),
        "limits_met": 0.0 if query.subject else limits,
        "place_missing": float(_place_missing(query, ranked)),
        "overtaken": max(float(others.base.max(initial=0.0)) - float(ranked.base.max()) - _LEAD, 0.0),
        "topic_elsewhere": topic_missing * float(theirs > explained and others.features[0, _TOPIC] >= _TOPIC_MET),
        "topic_missing": topic_missing,
        "length": min(len(query.text.split()), _LONG) / 10,
        "private": float(asks_private_data(query.text)),
        "own_affair": max(-ahead, 0.0) * asks_own_affair(query.text),
        "background": max(standing.own_several - _USUAL, 0.0) * (1.0 - min(max(ahead / _CLEAR, 0.0), 1.0)),
        "background_unexplained": missing * _within(standing.own_nearest),
        "ahead_unexplained": missing * ahead,
    }
    return np.array([values[name] for name in NAMES], np.float64)


def _place_missing(query: Query, ranked: Ranked) -> bool:
    """Return whether the question names a place and no candidate lies in or near it."""
    far = bool(query.near_rows) and float(ranked.features[:_TOP, _PLACES].max()) < _SLIGHT
    return query.placed and (far or not ranked.here.any())


def _within(value: float) -> float:
    """Return the feature within bounds: none may outvote all others, as a text may be near and of the wrong city."""
    return min(max(value, -_FAR), _FAR)


def _nearest(dense: Floats) -> float:
    """Return the best cosine of any candidate; NaN where none has a vector."""
    known = dense[~np.isnan(dense)]
    return float(known.max()) if len(known) else float("nan")


def _explained(query: Query, ranked: Ranked, lexical: Lexical) -> float:
    """Return the share of the subject's words, weighted by rarity, that the best hit holds.

    A word that names a topic of the hit counts in part ("Kita" names education, but where no project speaks of one …).
    """
    best = ranked.docs[:1]
    about = min(float(ranked.features[0, _TOPIC]), 1.0)
    topical = frozenset(lexical.query(" ".join(query.topical), query.language).concepts)
    held, total = 0.0, 0.0
    for concept in lexical.query(" ".join(query.subject), query.language).concepts:
        known = any(lexical.words.idf_of(term) > 0.0 for term, _ in concept)
        met = (_TOPICAL if known else _TOPICAL_UNKNOWN) * about * (concept in topical)
        said = max((float(lexical.words.holds(term, best)[0]) * share for term, share in concept), default=0.0)
        held += max(met, said) * lexical.weight(concept)
        total += lexical.weight(concept)
    return held / max(total, 1e-9)
