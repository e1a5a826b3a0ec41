"""Whether an answer is sure enough to be given: a calibrated decision, learnt from questions without an answer.

A logistic model over a few features of the question, its best hit and the corpus, so that it holds for other corpora,
too. Its coefficients are data (``certainty.json``), fitted by ``tools/fit_certainty.py``; the file says on what.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt

from knowledge_base.search.background import Background
from knowledge_base.search.facets import FEATURES, Floats
from knowledge_base.search.lexical import Lexical
from knowledge_base.search.ranking import Ranked
from knowledge_base.search.understanding.query import Query

NAMES = (
    "above",  # cosine of the best hit above the mean of the background's, in its standard deviations
    "margin",  # the same above the best of the background
    "near_best",  # the best cosine of any candidate above the best of the background
    "own_margin",  # "margin" against the background in the question's own language
    "own_near_best",  # "near_best" against it
    "lead",  # how far it is above the other candidates' mean, in their standard deviations
    "gap",  # best hit above the one five places below, both fused
    "explained",  # share of the subject that the best hit's words or topics hold, weighted by rarity
    "explained_squared",
    "explained_near",  # "explained" times "own_near_best": words and meaning together
    "known",  # share of the subject's words that stand anywhere in the corpus or name a topic
    "best_covered",  # the most that any candidate explains
    "topic",  # the best hit is about the topic named
    "topic_missing",  # a topic was named, the best hit is not about it
    "place",  # it is of the place named
    "place_missing",  # a place was named, and it is not of it
    "elsewhere",  # a place was named that the knowledge base does not know
    "limits_met",  # no subject, and it meets the limits named
    "listing",  # which model projects, which round
    "empty",  # no subject and no limit: chat, or nonsense
    "thin",  # the best hit hardly says anything
    "short",  # one word, or none, of a subject
    "foreign",  # the question is not in German
)
_TOPICAL = 0.7  # a word that names a topic counts so much where the topic is met, but not the word
_TOPICAL_UNKNOWN = 0.3  # … and stands nowhere in the corpus: "Kita" is education, but no project is about it
_SLIGHT = 0.1  # a fit below counts as none
_FAR = 4.0  # standard deviations of the background that count at most
_TOP = 5
_FEATURE = {name: number for number, name in enumerate(FEATURES)}


@dataclass(frozen=True, slots=True)
class Certainty:
    """The fitted model: answered when ``probability`` reaches ``threshold``."""

    weights: npt.NDArray[np.float64]  # one per NAMES, after the bias
    threshold: float

    def probability(self, evidence: npt.NDArray[np.float64]) -> float:
        """Of the best hit being an answer, 0 … 1."""
        logit = float(self.weights[0] + self.weights[1:] @ evidence)
        return float(1.0 / (1.0 + np.exp(-np.clip(logit, -40.0, 40.0))))

    def sure(self, evidence: npt.NDArray[np.float64]) -> bool:
        """Whether to answer. What is right about another city is no answer, however well it fits otherwise."""
        return self.probability(evidence) >= self.threshold and not evidence[NAMES.index("place_missing")]


@cache
def fitted() -> Certainty:
    """The model that ships with the product."""
    data = json.loads(files("knowledge_base.search").joinpath("certainty.json").read_text("utf-8"))
    coefficients: Mapping[str, float] = data["coefficients"]
    weights = np.array([data["bias"], *(coefficients[name] for name in NAMES)], np.float64)
    return Certainty(weights, float(data["threshold"]))


def evidence(
    query: Query, ranked: Ranked, lexical: Lexical, background: Background, vector: Floats
) -> npt.NDArray[np.float64]:
    """The features of ``NAMES`` for a question (its unit vector) and its ranked candidates (at least one)."""
    top = ranked.features[0]
    share, known, real = _explained(query, ranked, lexical)
    topic, place = float(top[_FEATURE["topic"]]), float(max(top[_FEATURE["place"]], top[_FEATURE["near"]]))
    limits = float(
        top[[_FEATURE[n] for n in ("place", "near", "round", "status", "year", "rural", "border", "transfer")]].max()
    )
    has_subject = bool(query.subject)
    at_best, nearest = background.standing(vector, query.language, _best_cosines(ranked.dense))
    explained = float(share[0]) if has_subject else limits
    near_best = _within(nearest.own_margin)
    values = {
        "above": _within(at_best.above),
        "margin": _within(at_best.margin),
        "near_best": _within(nearest.margin),
        "own_margin": _within(at_best.own_margin),
        "own_near_best": near_best,
        "lead": _lead(ranked.dense),
        "gap": float(ranked.base[0] - ranked.base[min(_TOP, len(ranked) - 1)]),
        "explained": explained,
        "explained_squared": explained**2,
        "explained_near": explained * near_best,
        "known": known,
        "best_covered": float(share.max()) if has_subject else limits,
        "topic": topic * real,
        "topic_missing": float(bool(query.understood.topics) and topic < 0.2),
        "place": place if query.placed else 0.0,
        "place_missing": float(query.placed and place < _SLIGHT),
        "elsewhere": float(bool(query.elsewhere) and place < _SLIGHT),
        "limits_met": float(not has_subject) * limits,
        "listing": float(query.listing),
        "empty": float(not has_subject and limits == 0.0 and not query.listing),
        "thin": float(top[_FEATURE["thin"]] or (top[_FEATURE["double"]] and not query.listing)),
        "short": float(len(query.subject) <= 1),
        "foreign": float(query.language != "de"),
    }
    return np.array([values[name] for name in NAMES], np.float64)


def _within(value: float) -> float:
    """No feature may outvote all others: a text can be ever so near, and of the wrong city."""
    return min(max(value, -_FAR), _FAR)


def _best_cosines(dense: Floats) -> Floats:
    """Those of the first candidate and of the nearest one; NaN where there is no vector."""
    known = dense[~np.isnan(dense)]
    return np.array([dense[0], known.max() if len(known) else np.nan], np.float32)


def _lead(dense: Floats) -> float:
    """The best hit's cosine above the candidates' mean, in standard deviations, at most 6."""
    known = dense[~np.isnan(dense)]
    if len(known) < 3 or np.isnan(dense[0]):
        return 0.0
    return float(np.clip((dense[0] - known.mean()) / max(float(known.std()), 1e-4), -6.0, 6.0))


def _explained(query: Query, ranked: Ranked, lexical: Lexical) -> tuple[Floats, float, float]:
    """For the first hits, the share of the subject that they hold; the share of it that is known at all; and how far
    the words that name a topic stand in the corpus ("Kita" names education, but where no project speaks of one …)."""
    docs = ranked.docs[:_TOP]
    topic = ranked.features[:_TOP, _FEATURE["topic"]]
    rarest = float(np.log1p((lexical.size + 0.5) / 0.5))
    held, total, known = np.zeros(len(docs), np.float32), 0.0, 0.0
    named, spoken = 0.0, 0.0
    topical = frozenset(lexical.query(" ".join(query.topical), query.language).concepts)
    for concept in lexical.query(" ".join(query.subject), query.language).concepts:
        rarity = max((lexical.words.idf_of(term) for term, _ in concept), default=0.0)
        weight = rarity or rarest
        found = (_TOPICAL if rarity else _TOPICAL_UNKNOWN) * np.minimum(topic, 1.0) * (concept in topical)
        for term, share in concept:
            np.maximum(found, lexical.words.holds(term, docs) * np.float32(share), out=found)
        held += found * np.float32(weight)
        total += weight
        known += weight * (rarity > 0.0)
        named += weight * (concept in topical)
        spoken += weight * (concept in topical and rarity > 0.0)
    real = _TOPICAL_UNKNOWN + (1.0 - _TOPICAL_UNKNOWN) * (spoken / named if named else 1.0)
    return held / np.float32(max(total, 1e-9)), known / max(total, 1e-9), real
