"""Lexical scores: BM25 over stems, compound parts and 4-grams, as impacts computed once.

Documents are kept as counts of *forms* (words as written); what a form means (stem, parts, 4-grams) is decided for
each distinct form once, so building is a few array operations and a changed document costs only its own words.

BM25 as Lucene has it: Robertson & Zaragoza, "The Probabilistic Relevance Framework", 2009; a word of the title counts
``title_weight`` times (BM25F with one length).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge_base.model import Project
from knowledge_base.search import tokens

Ints = npt.NDArray[np.int32]
Floats = npt.NDArray[np.float32]
K1, B = 1.2, 0.75
TITLE = 3.0  # a word of the title counts as so many of the text
PART = 0.5  # a part of a compound counts as so much of a word
GRAM_WEIGHT = 0.3
EXPANSION = 0.5
GRAMS_BELOW = 20_000  # documents; above, 4-grams cost more memory and time than they find


@dataclass(frozen=True, slots=True)
class Postings:
    """Term -> documents with their BM25 impacts, in compressed rows."""

    terms: Mapping[str, int]
    starts: npt.NDArray[np.int64]  # of term t: [starts[t], starts[t + 1])
    docs: Ints
    impacts: Floats
    idf: Floats
    size: int  # documents

    @classmethod
    def build(
        cls, counts: Counts, expand: Callable[[str], Iterable[tuple[str, float]]], k1: float = K1, b: float = B
    ) -> Postings:
        """Count ``expand``'s terms of every form, weighted, and store the impact of each (term, document)."""
        terms: dict[str, int] = {}
        forms, meant, weights = _expansion(counts.forms, expand, terms)
        which = np.searchsorted(forms, np.arange(len(counts.forms) + 1))
        repeat = np.diff(which)[counts.form]
        pick = np.repeat(which[:-1][counts.form] - np.cumsum(repeat) + repeat, repeat) + np.arange(repeat.sum())
        key = meant[pick].astype(np.int64) * counts.size + np.repeat(counts.doc, repeat)
        tf = np.repeat(counts.weight, repeat) * weights[pick]
        key, inverse = np.unique(key, return_inverse=True)
        tf = np.bincount(inverse, weights=tf, minlength=len(key)).astype(np.float32)
        term, doc = key // max(counts.size, 1), (key % max(counts.size, 1)).astype(np.int32)
        length = np.bincount(doc, weights=tf, minlength=counts.size).astype(np.float32)
        starts = np.searchsorted(term, np.arange(len(terms) + 1))
        frequency = np.diff(starts)
        idf = np.log1p((counts.size - frequency + 0.5) / (frequency + 0.5)).astype(np.float32)
        norm = k1 * (1 - b + b * length / max(float(length.mean()) if counts.size else 1.0, 1e-9))
        impacts = (idf[term] * tf * (k1 + 1) / (tf + norm[doc])).astype(np.float32)
        return cls(terms, starts, doc, impacts, idf, counts.size)

    def add(self, scores: Floats, term: str, weight: float = 1.0) -> None:
        """Add a term's impacts to the scores of its documents."""
        number = self.terms.get(term)
        if number is not None:
            span = slice(self.starts[number], self.starts[number + 1])
            scores[self.docs[span]] += self.impacts[span] * np.float32(weight)

    def holds(self, term: str, docs: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which of ``docs`` hold the term."""
        number = self.terms.get(term)
        if number is None:
            return np.zeros(len(docs), np.bool_)
        listed = self.docs[self.starts[number] : self.starts[number + 1]]
        place = np.minimum(np.searchsorted(listed, docs), len(listed) - 1)
        there: npt.NDArray[np.bool_] = listed[place] == docs
        return there

    def idf_of(self, term: str) -> float:
        """The term's inverse document frequency; 0 when it stands nowhere."""
        number = self.terms.get(term)
        return 0.0 if number is None else float(self.idf[number])


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each form stands in each document: parallel arrays, one entry a (document, form)."""

    forms: Sequence[str]
    form: Ints
    doc: Ints
    weight: Floats
    size: int


def _expansion(
    forms: Sequence[str], expand: Callable[[str], Iterable[tuple[str, float]]], terms: dict[str, int]
) -> tuple[Ints, Ints, Floats]:
    rows: list[int] = []
    meant: list[int] = []
    weights: list[float] = []
    for number, form in enumerate(forms):
        for term, weight in expand(form):
            rows.append(number)
            meant.append(terms.setdefault(term, len(terms)))
            weights.append(weight)
    return np.array(rows, np.int32), np.array(meant, np.int32), np.array(weights, np.float32)


@dataclass(frozen=True, slots=True)
class Query:
    """A question as the index reads it: per content word its terms with weights, and its 4-grams."""

    concepts: tuple[tuple[tuple[str, float], ...], ...]
    extra: tuple[tuple[str, float], ...]  # of expansions: they score, but are not asked for
    grams: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Lexical:
    """The lexical side of an index."""

    words: Postings
    grams: Postings | None  # None for a large corpus
    splitter: tokens.Splitter
    size: int

    @classmethod
    def build(cls, projects: Sequence[Project]) -> Lexical:
        counts = count(projects)
        splitter = tokens.Splitter(counts.forms)
        words = Postings.build(counts, lambda form: _terms(form, splitter))
        grams = Postings.build(counts, _grams) if counts.size <= GRAMS_BELOW else None
        return cls(words, grams, splitter, counts.size)

    def query(self, text: str, language: str, expansions: Sequence[str] = ()) -> Query:
        """Read a question. Each content word counts once."""
        found = dict.fromkeys(tokens.content_words(text, language))
        extra = dict.fromkeys(word for phrase in expansions for word in tokens.content_words(phrase, "de"))
        meant = [pair for word in extra if word not in found for pair in _terms(word, self.splitter)]
        return Query(
            tuple(_terms(word, self.splitter) for word in found),
            tuple((term, EXPANSION * weight) for term, weight in meant),
            tuple(gram for word in found for gram in _grams(word)) if self.grams else (),
        )

    def scores(self, query: Query) -> Floats:
        """BM25 of every document, in order; 0 where nothing matches."""
        scores = np.zeros(self.size, np.float32)
        for term, weight in (*(pair for concept in query.concepts for pair in concept), *query.extra):
            self.words.add(scores, term, weight)
        if self.grams:
            for gram, weight in query.grams:
                self.grams.add(scores, gram, weight)
        return scores

    def coverage(self, query: Query, docs: npt.NDArray[np.int64]) -> Floats:
        """For each of ``docs``: the share of the question's words that it holds, weighted by idf. A word that stands
        nowhere in the corpus weighs as much as the rarest: it is what the question asks and nobody knows."""
        held, total = np.zeros(len(docs), np.float32), 0.0
        rarest = float(np.log1p((self.size + 0.5) / 0.5))
        for concept in query.concepts:
            weight = max((self.words.idf_of(term) for term, _ in concept), default=0.0) or rarest
            found = np.zeros(len(docs), np.float32)
            for term, share in concept:
                np.maximum(found, self.words.holds(term, docs) * np.float32(share), out=found)
            held += found * np.float32(weight)
            total += weight
        return held / np.float32(max(total, 1e-9))


def count(projects: Sequence[Project]) -> Counts:
    """The forms of projects, in their order; forms of other languages than German carry their language."""
    forms: dict[str, int] = {}
    rows = [_row(project, forms) for project in projects]
    sizes = [len(row) for row in rows]
    flat = np.concatenate(
        [np.array(list(row.items()), np.float64).reshape(-1, 2) for row in rows] or [np.zeros((0, 2))]
    )
    doc = np.repeat(np.arange(len(rows), dtype=np.int32), sizes)
    return Counts(list(forms), flat[:, 0].astype(np.int32), doc, flat[:, 1].astype(np.float32), len(rows))


def _row(project: Project, forms: dict[str, int]) -> dict[int, float]:
    row: dict[int, float] = {}
    around = (project.municipality, *project.topics, project.kind, project.contact_role, project.funding_round)
    around += (project.transferability, project.status, project.period)
    for text, weight in ((project.title, TITLE), (project.text, 1.0), (" ".join(around), 1.0)):
        for word in tokens.words(text):
            number = forms.setdefault(word, len(forms))
            row[number] = row.get(number, 0.0) + weight
    return row


def _terms(form: str, splitter: tokens.Splitter) -> tuple[tuple[str, float], ...]:
    """Stem and, counting half, parts of a compound; nothing for a stop word."""
    if form in tokens.STOP_WORDS["de"]:
        return ()
    stems = tokens.stem_all((form, *splitter.split(form)), "de")
    return tuple((term, 1.0 if not i else PART) for i, term in enumerate(dict.fromkeys(stems)))


def _grams(form: str) -> tuple[tuple[str, float], ...]:
    return () if form in tokens.STOP_WORDS["de"] else tuple((gram, GRAM_WEIGHT) for gram in tokens.grams(form))
