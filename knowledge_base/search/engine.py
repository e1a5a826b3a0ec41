"""The path of a question: read it, find, rank, decide whether the answer is sure, and give reasons.

``Search`` is an immutable snapshot beside its index; many tasks may ask at once. Only the embedder (and the optional
reranker) is awaited; everything else is arithmetic on arrays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from time import perf_counter

import numpy as np

from knowledge_base.embedding.port import Embedder, Reranker
from knowledge_base.introductions.contacts import Introducible
from knowledge_base.language.detect import detect_language
from knowledge_base.language.tokens import stem_all, words
from knowledge_base.model import Answer, Contact, Event, Hit
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search import asker, certainty, tuning
from knowledge_base.search.conditions import Bools, Conditions, Floats, Ints
from knowledge_base.search.events import Events
from knowledge_base.search.index import MAX_QUESTION, Index
from knowledge_base.search.off_topic import Background, Standing, load
from knowledge_base.search.overview import Overviews
from knowledge_base.search.ranking import Ranked, rank
from knowledge_base.search.snippets import Reasons
from knowledge_base.search.understanding import Query, follow_up, phrases, understand
from knowledge_base.search.understanding.lexicon import Lexicon
from knowledge_base.search.understanding.query import CONDITIONS
from knowledge_base.vocabulary import Vocabulary

CANDIDATES = 200
RERANKED = 20
_RERANK_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class SearchResult:
    """An answer, and the question as read: pass it as ``previous`` for a follow-up."""

    answer: Answer
    query: Query


class Search:
    """The search over one snapshot of the knowledge base.

    ``gazetteer`` must know the municipalities that the projects name; ``contacts`` only tell whether an introduction is
    possible. Errors: ModelError of the embedder.
    """

    def __init__(
        self,
        embedder: Embedder,
        index: Index,
        gazetteer: Gazetteer,
        vocabulary: Vocabulary,
        contacts: Iterable[Contact] = (),
        reranker: Reranker | None = None,
        *,
        events: Iterable[Event] = (),
    ) -> None:
        self.index = index
        self.vocabulary = vocabulary
        self.embedder = embedder
        self._reranker = reranker
        self._lexicon = Lexicon(vocabulary.topics, vocabulary.rounds)
        self.gazetteer = gazetteer.including({project.municipality for project in index.projects}).beside(
            phrases.GENERIC, self._lexicon.words, index.lexical.words.terms
        )
        self.events = Events(events, self.gazetteer, self._lexicon)
        self._conditions = Conditions.build(index.projects, self.gazetteer, vocabulary)
        self.introducible = Introducible(contacts, self.gazetteer, vocabulary)
        self._overviews = Overviews(index.projects, self.gazetteer, self._conditions)
        self._reasons = Reasons(index.lexical, self._lexicon, vocabulary)
        self._background: Background | None = None

    def read(self, question: str, *, language: str | None = None, previous: Query | None = None) -> Query:
        """Return the question as read; merged with ``previous`` when it leans on it."""
        fallback = previous.language if previous else "de"
        spoken = language or detect_language(question, fallback=fallback)
        if previous is None:
            return understand(question, spoken, self.gazetteer, self._lexicon)
        return follow_up(question, previous, spoken, self.gazetteer, self._lexicon)

    async def ask(
        self,
        question: str,
        *,
        language: str | None = None,
        previous: Query | None = None,
        limit: int = 5,
        offset: int = 0,
    ) -> SearchResult:
        """Answer a question with at most ``limit`` hits and nearest together, from hit number ``offset`` on.

        ``language`` is that of the question, where it is known; else it is detected. Any string is safe.
        """
        return await self.answer(
            question,
            asker.told(self.read(question, language=language, previous=previous), (), self.gazetteer),
            limit=limit,
            offset=offset,
        )

    async def answer(self, question: str, query: Query, *, limit: int = 5, offset: int = 0) -> SearchResult:
        """Answer a question as read; see ``ask``."""
        began = perf_counter()
        result = await self.ranked(query)
        sure, elsewhere = await self._decided(query, *result) if result else (False, False)
        answer = Answer(
            question=question,
            language=query.language,
            answered=sure,
            understood=query.understood,
            hits=(),
            near=(),
            total=0,
            took_ms=0.0,
        )
        if result:
            answer = self._split(answer, query, result[0], elsewhere, max(limit, 0), max(offset, 0))
        if not (sure or elsewhere or offset):
            answer = await self._nearly(answer, query, limit)
        return SearchResult(replace(answer, took_ms=(perf_counter() - began) * 1_000), query)

    async def prepare(self) -> Background:
        """Load the data that the first question would have to wait for: the background of the certainty."""
        if self._background is None:
            self._background = await load(self.embedder)
        return self._background

    # ------------------------------------------------------------------------------------------------- finding

    async def ranked(self, query: Query) -> tuple[Ranked, Floats] | None:
        """Return the candidates in order, and the question's vector as it was compared; None without candidates."""
        if not (query.text or query.addresses) or not self.index.projects:
            return None
        vector = (await self.embedder.embed_queries([query.meaning]))[0]
        near = self.gazetteer.near(query.near_rows) if query.near_rows else {}
        asked = self.index.lexical.query(query.words[:MAX_QUESTION], query.language, query.text[:MAX_QUESTION])
        limited = self._conditions.limited(query, near)
        candidates = self.index.candidates(asked, vector, query.language, limited, CANDIDATES)
        if not len(candidates):
            return None
        read = query.understood
        places = (*read.municipalities, *query.states, *read.unknown_places)
        named, borough = (self._named(names, candidates.docs) for names in (places, query.boroughs))
        unwanted = self._held(query.without_words, query.language, candidates.docs)
        fit = self._conditions.fit(query, candidates.docs, near, named, borough, unwanted)
        ranked = rank(query, candidates, fit)
        if self._reranker is not None:
            ranked = await self._reranked(self._reranker, query, ranked)
        return ranked, self.index.dense.away(vector) if self.index.dense.fits(vector) else vector

    def _named(self, places: Iterable[str], docs: Ints) -> Floats:
        """Return the share of places that a document's own words name."""
        names = [stem_all(words(name.split("/", maxsplit=1)[0]), "de") for name in places]
        holds = self.index.lexical.words.holds
        held = [np.all([holds(term, docs) for term in terms], axis=0) for terms in names if terms]
        fit: Floats = np.mean(held, axis=0, dtype=np.float32) if held else np.zeros(len(docs), np.float32)
        return fit

    def _held(self, unwanted: Iterable[str], language: str, docs: Ints) -> Floats:
        """Return 1 for the documents that hold a word, in any language that they are written in."""
        held = [self.index.lexical.coverage(self.index.lexical.query(word, language), docs) for word in unwanted]
        return (np.max(held, axis=0) >= tuning.HELD).astype(np.float32) if held else np.zeros(len(docs), np.float32)

    async def _decided(self, query: Query, ranked: Ranked, vector: Floats) -> tuple[bool, bool]:
        """Return whether the question is answered, and whether other places than the one named have an answer."""
        standing = (await self.prepare()).standing(vector, query.language)
        met, others = ranked.only(ranked.met), ranked.only(_elsewhere(ranked)[0])
        asks = bool(query.subject or ranked.conditions)  # "Hello!" asks for no project
        sure = asks and len(met) > 0 and certainty.answered(self.evidence(query, met, standing))
        if not (query.placed and query.subject and len(others)):
            return sure, False
        return sure, certainty.answered(self.evidence(query.anywhere, others, standing))

    def evidence(self, query: Query, ranked: Ranked, standing: Standing) -> certainty.Doubles:
        """Return the evidence that a question is answered by the candidates, at least one."""
        return certainty.evidence(query, ranked, standing, self.index.projects[int(ranked.docs[0])])

    async def _reranked(self, reranker: Reranker, query: Query, ranked: Ranked) -> Ranked:
        """Return the first candidates, their scores mixed with those of the reranker (both spread over 0 … 1)."""
        count = min(RERANKED, len(ranked))
        texts = [self.index.passage(int(ranked.docs[n]), int(ranked.passage[n])).text for n in range(count)]
        judged = _spread(await reranker.rerank(query.text, texts))
        mixed = (1 - _RERANK_SHARE) * _spread(ranked.score[:count]) + _RERANK_SHARE * judged
        order = np.concatenate((np.argsort(-mixed, kind="stable"), np.arange(count, len(ranked))))
        return ranked.ordered(order)

    # ------------------------------------------------------------------------------------------------- answering

    def _split(self, answer: Answer, query: Query, ranked: Ranked, elsewhere: bool, limit: int, offset: int) -> Answer:
        """Return the answer with hits and the nearest others (answers of other places first)."""
        sure = answer.answered
        hits = _counted(query, ranked, ranked.met & sure, tuning.COUNTED_FROM)
        doubtful = np.setdiff1d(_counted(query, ranked, ranked.met & sure, tuning.DOUBTFUL_FROM), hits)
        theirs, chances = _elsewhere(ranked)
        theirs = theirs[chances >= tuning.ELSEWHERE_FROM] if elsewhere else theirs[:0]
        others = np.setdiff1d(np.arange(len(ranked)), (*hits, *doubtful, *theirs))
        nearest = np.concatenate((doubtful, theirs, others)) if sure else np.concatenate((theirs, others))[offset:]
        hits = asker.first_for(query, ranked, hits, self._conditions, self.gazetteer)
        hits = hits[self._overviews.by_turns(query, ranked.docs[hits])]
        shown = hits[offset : offset + limit]
        results = self._hits(query, ranked, np.concatenate((shown, nearest[: limit - len(shown)])), theirs)
        return replace(
            answer,
            hits=results[: len(shown)],
            near=results[len(shown) :],
            total=len(hits),
            overview=self._overviews.of(query, ranked.docs[hits]),
            places=self._overviews.named(query, ranked.docs[hits]),
        )

    async def _nearly(self, answer: Answer, query: Query, limit: int) -> Answer:
        """Return an unsure answer with the hits that it would have without one of its conditions, if there are any."""
        for condition in CONDITIONS:
            if not query.subject or not getattr(query.understood, condition):
                continue
            wider = query.without(condition)
            result = await self.ranked(wider)
            if result and (await self._decided(wider, *result))[0]:
                found = self._split(replace(answer, answered=True), wider, result[0], False, limit, 0)
                near = tuple(replace(hit, elsewhere=True) for hit in found.hits)
                return replace(answer, near=near, missed=(condition,))
        return answer

    def _hits(self, query: Query, ranked: Ranked, numbers: Ints, theirs: Ints) -> tuple[Hit, ...]:
        projects = [self.index.projects[doc] for doc in ranked.docs[numbers]]
        passages = [
            self.index.passage(int(doc), int(passage))
            for doc, passage in zip(ranked.docs[numbers], ranked.passage[numbers], strict=True)
        ]
        reasons = self._reasons.why(query, list(zip(projects, passages, strict=True)))
        return tuple(
            Hit(
                project=project,
                score=float(score),
                why=why,
                contact_role=project.contact_role,
                can_introduce=project in self.introducible,
                elsewhere=bool(of_another),
            )
            for project, score, why, of_another in zip(
                projects, ranked.score[numbers], reasons, np.isin(numbers, theirs), strict=True
            )
        )


def _counted(query: Query, ranked: Ranked, possible: Bools, least: float) -> Ints:
    """Return the numbers of the first possible candidates, as many as are answers with a probability of ``least``.

    The best one counts in any case, and the order stays that of the ranking. Where only conditions are asked for, all
    that meet them count.
    """
    if not query.subject:
        return np.flatnonzero(possible)
    likely = certainty.relevance(certainty.evidence_of_hits(ranked.only(possible))) >= least
    return np.flatnonzero(possible)[: max(int(likely.sum()), 1)]


def _elsewhere(ranked: Ranked) -> tuple[Ints, certainty.Doubles]:
    """Return the numbers of the candidates of other places, the likeliest answers first, and their probabilities.

    The order of the ranking says how well they meet the place named, which is of no use here.
    """
    others = np.flatnonzero(ranked.elsewhere)
    chances = certainty.relevance(certainty.evidence_of_hits(ranked.only(others)))
    order = np.argsort(-chances, kind="stable")
    return others[order], chances[order]


def _spread(scores: Floats) -> Floats:
    """Return scores spread over 0 … 1 between their least and their most."""
    least, most = float(scores.min(initial=0.0)), float(scores.max(initial=1.0))
    spread: Floats = (scores - least) / np.float32(max(most - least, 1e-9))
    return spread
