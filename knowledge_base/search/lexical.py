"""The word side of the index: documents and questions as terms, and how well they fit.

Documents are kept as sequences of *forms* (words as written, without stop words). The meaning of a form (stem, 4-grams)
is computed once per distinct form, so an index is a few array operations, and a question in any language is a list of
*concepts*: each holds the ways in which a document may say it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from knowledge_base.language import tokens
from knowledge_base.language.glossary import Meaning, glossary
from knowledge_base.language.spelling import Spelling
from knowledge_base.model import Project
from knowledge_base.search.passages import MAX_QUESTIONS
from knowledge_base.search.postings import Counts, Floats, Ints, Longs, Postings, Weighted
from knowledge_base.search.tuning import ASKED, CORRECTED, FRAME, GRAM, TITLE, TOPIC, TOPIC_EXPLAINS
from knowledge_base.translations import versions
from knowledge_base.vocabulary import bundled

GRAMS_BELOW = 20_000  # documents; above, 4-grams cost more memory and time than they find
MAX_WORDS = 20_000  # of one document
REMEMBERED = 10_000  # concepts of questions, and terms of words
MAX_CONCEPTS = 48  # of one question: enough for any real one, and a pasted page must not delay other users


Concept = tuple[Weighted, ...]  # the terms that say one thing
Ways = tuple[tuple[str, ...], ...]  # of one concept: the 4-grams of each way to say it


@dataclass(frozen=True, slots=True)
class TermQuery:
    """A question as the index reads it."""

    concepts: tuple[Concept, ...]  # those of the subject first
    ways: tuple[Ways, ...]  # of each concept; for a corpus without 4-grams they are not used
    subject: int  # so many concepts; the others only frame it

    def shares(self) -> Iterator[tuple[Concept, Ways, float]]:
        """Yield the concepts with their ways, and how much each counts."""
        for number, (concept, ways) in enumerate(zip(self.concepts, self.ways, strict=True)):
            yield concept, ways, 1.0 if number < self.subject else FRAME


@dataclass(frozen=True, slots=True)
class Lexical:
    """The lexical side of an index of ``size`` documents."""

    words: Postings
    grams: Postings | None  # None for a large corpus
    asked: Postings  # words of the questions that documents answer
    topics: Postings  # words of the vocabulary for the topics of documents: they explain in part
    spelling: Spelling
    size: int
    _read: dict[tuple[Meaning, str], Concept] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def build(cls, projects: Sequence[Project]) -> Lexical:
        """Index projects in their order."""
        corpus = read(map(_texts, projects))

        def beside(pieces: Callable[[Project], Iterator[Piece]]) -> Postings:
            more = read(map(pieces, projects))
            return Postings.build(more.counts(), [[(_term(form), 1.0)] for form in more.forms])

        counts = corpus.counts()
        words = Postings.build(counts, [[(_term(form), 1.0)] for form in corpus.forms])
        small = corpus.size <= GRAMS_BELOW
        grams = (
            Postings.build(counts, [[(gram, 1.0) for gram in tokens.grams(f.rpartition(":")[2])] for f in corpus.forms])
            if small
            else None
        )
        return cls(words, grams, beside(_questions), beside(_topics), Spelling.of(words.terms), corpus.size)

    def query(self, subject: str, language: str, frame: str = "") -> TermQuery:
        """Read the subject of a question, and the words around it."""
        asked, around = (
            [meaning for meaning in dict.fromkeys(_meanings(text, language)) if _ways_of(meaning)][:MAX_CONCEPTS]
            for text in (subject, frame)
        )
        meanings = list(dict.fromkeys((*asked, *around)))[:MAX_CONCEPTS]
        return TermQuery(
            tuple(self._concept(meaning, language) for meaning in meanings),
            tuple(tuple(_way_grams(way) for way in _ways_of(meaning)) for meaning in meanings),
            len(asked),
        )

    def scores(self, query: TermQuery) -> Floats:
        """Return BM25 of every document in order, by the best way of saying each concept; 0 where nothing matches."""
        scores, scratch = np.zeros(self.size, np.float32), np.zeros(self.size, np.float32)
        for concept, ways, share in query.shares():
            for side, counts in ((self.words, share), (self.asked, share * ASKED), (self.topics, share * TOPIC)):
                side.add_best(scores, [(term, counts * weight) for term, weight in concept], scratch)
            if self.grams:
                scores += _best_way(self.grams, ways) * np.float32(share)
        return scores

    def coverage(self, query: TermQuery, docs: Longs) -> Floats:
        """Return for each of ``docs`` the share of the subject's concepts that it explains, weighted by idf.

        Its texts and the questions that it answers explain; a topic of it does so in part. A concept that no document
        holds weighs as much as the rarest: the question asks for it and the corpus does not know it.
        """
        held, total = np.zeros(len(docs), np.float32), 0.0
        sides = (self.words, 1.0), (self.topics, TOPIC_EXPLAINS), (self.asked, 1.0)
        for concept in query.concepts[: query.subject]:
            weight = self.weight(concept)
            best = np.zeros(len(docs), np.float32)
            for term, share in concept:
                for side, counts in sides:
                    np.maximum(best, side.holds(term, docs) * np.float32(share * counts), out=best)
            held += best * np.float32(weight)
            total += weight
        return held / np.float32(max(total, 1e-9))

    def terms_of(self, text: str, language: str) -> frozenset[str]:
        """Return the terms under which a text in a language is found."""
        return frozenset(map(_term, _forms(text, language)))

    def weight(self, concept: Concept) -> float:
        """Return the rarity of a concept; one that no document holds has the highest."""
        rarest = float(np.log1p((self.size + 0.5) / 0.5))
        return max((self.words.idf_of(term) for term, _ in concept), default=0.0) or rarest

    def _concept(self, meaning: Meaning, language: str) -> Concept:
        """Return the ways to say a piece of a question, cached: a question needs the same ones several times."""
        key = meaning, language
        if (known := self._read.get(key)) is None:
            if len(self._read) >= REMEMBERED:
                self._read.clear()
            known = self._read[key] = self._new_concept(meaning, language)
        return known

    def _new_concept(self, meaning: Meaning, language: str) -> Concept:
        terms = self._said_by(meaning)
        if language != "de":
            terms.update((stem, 1.0) for stem in tokens.stem_all(meaning.words, language))
        if not any(term in self.words.terms for term in terms):
            known = glossary(language) if len(meaning.words) == 1 and not meaning.german else None
            if german := known.corrected(meaning.words[0]) if known else ():
                terms.update((t, CORRECTED * weight) for t, weight in self._said_by(Meaning((), german)).items())
            else:
                terms.update((near, CORRECTED) for near in map(self.spelling.nearest, tuple(terms)) if near)
        return tuple(terms.items())

    def _said_by(self, meaning: Meaning) -> dict[str, float]:
        """Return the terms of the German ways to say something, each with its weight."""
        terms: dict[str, float] = {}
        for way in _ways_of(meaning):
            share = len(way) ** -0.5  # a way of two words needs both to count fully
            for term in map(_term, way):
                terms[term] = max(terms.get(term, 0.0), share)
        return terms


@dataclass(frozen=True, slots=True)
class Corpus:
    """Documents as sequences of forms; a form of another language than German carries it, as in ``en:energy``."""

    forms: Sequence[str]
    sequence: Ints
    weight: Floats  # of each word of the sequence
    starts: Longs

    @property
    def size(self) -> int:
        return len(self.starts) - 1

    def counts(self) -> Counts:
        """Return the sequence as sums by document and form."""
        many = max(len(self.forms), 1)
        doc = np.repeat(np.arange(self.size), np.diff(self.starts))
        key, inverse = np.unique(doc * many + self.sequence, return_inverse=True)
        weight = np.bincount(inverse, weights=self.weight, minlength=len(key)).astype(np.float32)
        return Counts((key % many).astype(np.int32), (key // many).astype(np.int32), weight, self.size)


Piece = tuple[str, str, float]  # a text, its language, and how much a word of it counts


def read(documents: Iterable[Iterable[Piece]]) -> Corpus:
    """Return the words of documents."""
    numbers: dict[str, int] = {}
    sequence: list[int] = []
    weights: list[npt.NDArray[np.float32]] = []
    starts = [0]
    for pieces in documents:
        for text, language, weight in pieces:
            forms = _forms(text, language)[:MAX_WORDS]
            sequence += [numbers.setdefault(form, len(numbers)) for form in forms]
            weights.append(np.full(len(forms), weight, np.float32))
        starts.append(len(sequence))
    whole = np.concatenate([np.zeros(0, np.float32), *weights])
    return Corpus(list(numbers), np.array(sequence, np.int32), whole, np.array(starts, np.int64))


def _texts(project: Project) -> Iterator[Piece]:
    """Yield title and text of a project in each language, and what the record says around them."""
    for language, version in versions(project).items():
        yield version.title, language, TITLE
        yield _text(version), language, 1.0


def _questions(project: Project) -> Iterator[Piece]:
    for language, questions in project.asked_as.items():
        yield "\n".join(questions[:MAX_QUESTIONS]), language, 1.0


def _topics(project: Project) -> Iterator[Piece]:
    vocabulary = bundled()
    for raw in project.topics:
        if topic := vocabulary.topic_of(raw):
            for language, label in topic.labels.items():
                yield "\n".join((label, *topic.synonyms.get(language, ()))), language, 1.0


def _text(project: Project) -> str:
    around = (project.municipality, *project.topics, project.kind, project.funding_round, project.contact_role)
    return "\n".join((project.text, *around, project.transferability, project.status, project.period))


def _forms(text: str, language: str) -> list[str]:
    words = tokens.content_words(text, language)
    return words if language not in ("en", "pl") else [f"{language}:{word}" for word in words]


def _meanings(text: str, language: str) -> Iterable[Meaning]:
    known = glossary(language)
    return known.meanings(text) if known else (Meaning((word,), ()) for word in tokens.content_words(text, language))


def _ways_of(meaning: Meaning) -> list[list[str]]:
    """Return the ways to say it in German, each as its words; the asker's own words when no way is known."""
    ways = [tokens.content_words(way, "de") for way in meaning.german or (" ".join(meaning.words),)]
    return [way for way in ways if way]


@lru_cache(REMEMBERED)
def _term(form: str) -> str:
    """Return the stem of a form in its language."""
    language, _, word = form.rpartition(":")
    return tokens.stem(word, language or "de")


def _way_grams(way: Sequence[str]) -> tuple[str, ...]:
    return tuple(gram for word in way for gram in tokens.grams(word))


def _best_way(postings: Postings, ways: Ways) -> Floats:
    """Return the best way of saying a concept by its 4-grams, for every document; within a way they add up."""
    best = np.zeros(postings.size, np.float32)
    for way in ways:
        sums = np.zeros(postings.size, np.float32)
        for gram in way:
            docs, impacts = postings.of(gram)
            sums[docs] += impacts
        np.maximum(best, sums, out=best)
    return best * np.float32(GRAM)
