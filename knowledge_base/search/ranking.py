"""From candidates to an order: dense and lexical scores fused for this question, plus capped boosts.

The index fuses with one weight per language. Here the weight also depends on how many of the question's words the best
document holds: a paraphrase shares few words with its answer, and then words are noise. Where a question names limits
only ("what is finished?"), the boosts decide and the texts break ties.

A boost never hides a hit: the sum of boosts is bounded by ``CAP`` (beyond it counts only that several limits are met at
once), so a candidate that is better by more than that stays in front, even when the question was misread. Weights were
tuned on the development questions by coordinate search.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

import numpy as np

from knowledge_base.search.facets import FEATURES, Bools, Facets, Floats, Ints
from knowledge_base.search.fusion import normalised, span
from knowledge_base.search.index import Candidates
from knowledge_base.search.lexical import Lexical
from knowledge_base.search.locality import of_place
from knowledge_base.search.tokens import stem_all, words
from knowledge_base.search.understanding.query import Query

CAP = 1.1
WEIGHTS: Mapping[str, float] = {
    "place": 0.50,
    "borough": 0.25,
    "near": 0.50,
    "topic": 0.15,
    "about": 0.40,
    "round": 0.35,
    "status": 0.45,
    "year": 0.25,
    "rural": 0.20,
    "county": 0.35,
    "border": 0.20,
    "transfer": 0.25,
    "role": 0.20,
    "all": 0.40,
    "overview": 0.07,
    "listed": 0.25,
    "thin": -0.50,
    "double": -0.30,
    "brief": -0.20,
    "excluded": -0.90,
}
DENSE_BASE: Mapping[str, float] = {"de": 0.5, "en": 0.36, "pl": 0.48}
DENSE_UNCOVERED = 0.5  # of what is left to 1, when no document holds any word of the question
DENSE_SPAN = 0.075  # of cosines
LEXICAL_SPAN = 1.8  # of BM25 scores
PHRASE = 0.15  # share of neighbouring words that stand beside each other there, too
NO_SUBJECT = 0.3  # how much the texts count when the question names limits only
_ALL = FEATURES.index("all")
_EXCLUDED = FEATURES.index("excluded")
_WEIGHTS = np.array([WEIGHTS[name] for name in FEATURES], np.float32)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Candidates in their final order; parallel arrays. ``features`` has the columns ``facets.FEATURES``."""

    docs: Ints
    score: Floats  # 0 … 1
    base: Floats  # dense and lexical fused, without boosts, 0 … 1
    features: Floats
    here: Bools  # of the place asked for, see ``locality``
    passage: Ints
    dense: Floats
    lexical: Floats
    coverage: Floats

    @property
    def elsewhere(self) -> Bools:
        """Return which candidates are of another place than the one asked for, without those left out."""
        other: Bools = ~self.here & (self.features[:, _EXCLUDED] < 1.0)
        return other

    def __len__(self) -> int:
        return len(self.docs)

    def ordered(self, order: Ints) -> Ranked:
        """Return the same candidates in another order; scores keep their places, so they still fall."""
        arrays = {f.name: getattr(self, f.name)[order] for f in fields(self) if f.name != "score"}
        return Ranked(score=self.score, **arrays)

    def only(self, wanted: Bools) -> Ranked:
        """Return some of the candidates, in their order."""
        return Ranked(**{f.name: getattr(self, f.name)[wanted] for f in fields(self)})


def rank(
    query: Query,
    candidates: Candidates,
    facets: Facets,
    lexical: Lexical,
    near: Mapping[int, float],
    weights: Floats = _WEIGHTS,
) -> Ranked:
    """Order candidates by fused score and boosts; ties by document number, so the order is always the same."""
    read = query.understood
    named = _named((*read.municipalities, *query.states, *read.unknown_places), candidates.docs, lexical)
    borough = _named(query.boroughs, candidates.docs, lexical)
    features = facets.features(query, candidates.docs, near, named, borough)
    base = fuse(candidates, query.language)
    limits_only = not query.subject and bool(features[:, : FEATURES.index("thin")].any())
    together = features[:, _ALL] * weights[_ALL]
    boost = features @ np.maximum(weights, 0.0) - together
    if limits_only:  # no text can be clearly better where nothing but limits is asked for
        base = base * np.float32(NO_SUBJECT)
    else:
        boost = np.minimum(boost, CAP)
    total = base + boost + together + features @ np.minimum(weights, 0.0)
    order = np.lexsort((candidates.docs, -total))
    return Ranked(
        docs=candidates.docs[order],
        score=np.clip(total[order] / max(1.0 + CAP, float(total.max())), 0.0, 1.0).astype(np.float32),
        base=base[order],
        features=features[order],
        here=of_place(query, features[order], facets),
        passage=candidates.passage[order],
        dense=candidates.dense[order],
        lexical=candidates.lexical[order],
        coverage=candidates.coverage[order],
    )


def _at_least(width: float, floor: float, top: float) -> tuple[float, float]:
    """Return a span of at least ``width``, so that no candidate of about equally good ones becomes a clear winner."""
    return floor, max(top, floor + width)


def _named(places: Iterable[str], docs: Ints, lexical: Lexical) -> Floats:
    """Return the share of places that a document's own words name."""
    names = [stem_all(words(name.split("/", maxsplit=1)[0]), "de") for name in places]
    held = [np.all([lexical.words.holds(term, docs) for term in terms], axis=0) for terms in names if terms]
    fit: Floats = np.mean(held, axis=0, dtype=np.float32) if held else np.zeros(len(docs), np.float32)
    return fit


def fuse(candidates: Candidates, language: str) -> Floats:
    """Return the convex sum of dense and lexical scores; fewer covered words give the dense side more weight."""
    if not len(candidates):
        return np.zeros(0, np.float32)
    known = ~np.isnan(candidates.dense)
    covered = float(candidates.coverage.max(initial=0.0))
    weight = DENSE_BASE.get(language, 0.5)
    weight += (1.0 - weight) * DENSE_UNCOVERED * (1.0 - covered)
    if not known.any():
        weight = 0.0
    dense = normalised(candidates.dense, *_at_least(DENSE_SPAN, *span(candidates.dense)))
    lexical = normalised(candidates.lexical, *_at_least(LEXICAL_SPAN, *span(candidates.lexical)))
    sides = np.float32(weight) * dense + np.float32(1.0 - weight) * lexical
    fused: Floats = ((1.0 - np.float32(PHRASE)) * sides + np.float32(PHRASE) * candidates.phrase).astype(np.float32)
    return fused
