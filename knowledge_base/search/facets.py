"""Properties of each project besides its words, as columns over the documents of an index.

Built once for a snapshot; a question then compares arrays, never documents one by one. ``features`` tells how well each
document fits the question as read: one row per document, one column per ``FEATURES`` name, values 0 … 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial, reduce

import numpy as np
import numpy.typing as npt

from knowledge_base.model import Project
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.places.words import folded_name
from knowledge_base.search.document_sets import postings, union, within
from knowledge_base.search.record_facts import (
    NAMED_STAGE,
    NO_YEAR,
    STAGES,
    STAGES_OF_STATUS,
    at_border,
    briefness,
    is_county,
    is_model_project,
    is_small,
    is_thin,
    round_of,
    same_as,
    stages_of,
    years_of,
)
from knowledge_base.search.tokens import stem_all, words
from knowledge_base.search.understanding.query import Query
from knowledge_base.vocabulary import Vocabulary

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FEATURES = (
    "place",  # of a municipality named, or in a state named
    "borough",  # speaks of a borough named of its municipality
    "near",  # near a municipality named
    "topic",  # about a topic named
    "about",  # the same, as far as the topics named are all that the question is about
    "round",  # of a funding round named
    "status",
    "year",  # running in a year named, or ending then
    "rural",
    "county",
    "border",
    "transfer",  # says how it carries over to others
    "role",  # its contact role holds words of a question for the one responsible
    "all",  # everything at once that limits the question: place, round, status …
    "overview",  # the whole of a municipality, when no subject was asked for
    "listed",  # a model project, when those are asked for
    "thin",  # hardly any text, when no list is asked for
    "double",  # a thin record beside a rich one of the same
    "brief",  # one sentence, no municipality, or no contact: a fuller record says more
    "excluded",  # of a municipality that the question leaves out
)
LIMITS = ("place", "near", "round", "status", "year", "rural", "county", "border", "transfer")
LIMITED = 300  # documents that limits alone may propose


@dataclass(frozen=True)
class Facets:
    """Columns over the documents of an index, in its order."""

    by_row: Mapping[int, Ints]  # municipality of the gazetteer -> documents
    by_state: Mapping[str, Ints]
    by_round: Mapping[str, Ints]
    topics: Floats  # (documents, topics): how much a document is about a topic
    topic_number: Mapping[str, int]
    stages: Bools  # (documents, stages)
    first_year: npt.NDArray[np.int16]
    last_year: npt.NDArray[np.int16]
    small: Bools
    county: Bools
    border: Bools
    transfer: Bools
    model_project: Bools
    thin: Bools
    double: Bools
    brief: Floats
    role_stems: Sequence[frozenset[str]]

    @classmethod
    def build(cls, projects: Sequence[Project], gazetteer: Gazetteer, vocabulary: Vocabulary) -> Facets:
        rows = _rows(projects, gazetteer)
        number = {topic.id: n for n, topic in enumerate(vocabulary.topics)}
        spans = [years_of(f"{project.period} {project.status}") for project in projects]
        thin = [is_thin(project) for project in projects]
        rich_ids = {project.id for project, is_thin in zip(projects, thin, strict=True) if not is_thin}
        return cls(
            by_row=postings((row, doc) for doc, doc_rows in enumerate(rows) for row in doc_rows),
            by_state=postings(
                (state, doc) for doc, p in enumerate(projects) for state in _states(p, rows[doc], gazetteer)
            ),
            by_round=postings((round_of(p, vocabulary), doc) for doc, p in enumerate(projects) if p.funding_round),
            topics=_topic_matrix(projects, vocabulary, number),
            topic_number=number,
            stages=_stage_matrix(projects),
            first_year=np.array([first for first, _ in spans], np.int16),
            last_year=np.array([last for _, last in spans], np.int16),
            small=np.array([is_small(p, rows[doc], gazetteer, vocabulary) for doc, p in enumerate(projects)], np.bool_),
            county=np.array([is_county(own, gazetteer) for own in rows], np.bool_),
            border=np.array([at_border(p, vocabulary) for p in projects], np.bool_),
            transfer=np.array([bool(project.transferability.strip()) for project in projects], np.bool_),
            model_project=np.array([is_model_project(p) for p in projects], np.bool_),
            thin=np.array(thin, np.bool_),
            double=np.array([t and same_as(p) in rich_ids for p, t in zip(projects, thin, strict=True)], np.bool_),
            brief=np.array([briefness(p) for p in projects], np.float32),
            role_stems=[frozenset(stem_all(words(p.contact_role), "de")) for p in projects],
        )

    # ------------------------------------------------------------------------------------------------- a question

    def limited(self, query: Query, near: Mapping[int, float]) -> Ints:
        """Return the documents that meet all limits of the question, ascending, at most ``LIMITED``.

        They are candidates whatever their words are. Where no document meets all limits, return those of the place;
        where the question has no limits, None.
        """
        read = query.understood
        limits = [
            union([*map(self.by_row.get, (*query.rows, *near)), *map(self.by_state.get, query.states)]),
            union([self.by_round.get(name) for name in read.rounds]),
            self._in_stages([STAGES.index(stage) for name in read.status for stage in STAGES_OF_STATUS[name]]),
            np.flatnonzero(self.small) if read.rural else None,
            np.flatnonzero(self.county) if read.counties else None,
            np.flatnonzero(self.border) if query.border else None,
            np.flatnonzero(self.transfer) if query.transfer else None,
        ]
        given = [limit for limit in limits if limit is not None and len(limit)]
        if not given:
            return np.zeros(0, np.int64)
        common = reduce(partial(np.intersect1d, assume_unique=True), given)
        return (common if len(common) else given[0])[:LIMITED]

    def _in_stages(self, numbers: Sequence[int]) -> Ints | None:
        return np.flatnonzero(self.stages[:, numbers].any(axis=1)) if numbers else None

    def features(self, query: Query, docs: Ints, near: Mapping[int, float], named: Floats, borough: Floats) -> Floats:
        """Return the features (documents, FEATURES) of some documents.

        ``near`` are municipalities with their nearness. ``named`` tells which documents hold the name of the place
        asked for among their words, ``borough`` the same for a borough.
        """
        read = query.understood
        place = np.maximum(self._of(docs, query.rows, query.states), np.float32(_ONLY_NAMED) * named)
        topic = self.topic(query.subject_topics, docs)
        no_subject = not read.topics and not query.subject
        columns = {
            "place": place,
            "borough": borough,
            "near": self._near(near, docs),
            "topic": topic,
            "about": topic * np.float32(query.topical_share),
            "round": within(docs, (self.by_round[name] for name in read.rounds if name in self.by_round)),
            "status": self._status(query, docs),
            "year": self._year(query, docs),
            "rural": self.small[docs] * read.rural,
            "county": self.county[docs] * read.counties,
            "border": self.border[docs] * query.border,
            "transfer": self.transfer[docs] * query.transfer,
            "role": self._role(query, docs),
            "overview": self.model_project[docs] * ~self.thin[docs] * (no_subject or query.listing or query.placed),
            "listed": self.model_project[docs] * query.listing,
            "thin": self.thin[docs] * (not (query.listing or (no_subject and query.placed))),
            "double": self.double[docs],
            "brief": self.brief[docs] * (not query.listing),
            "excluded": self._of(docs, query.without_rows, query.without_states),
        }
        columns["all"] = _all_limits(columns)
        return np.stack([np.asarray(columns[name], np.float32) for name in FEATURES], axis=1)

    def topic(self, topics: Sequence[str], docs: Ints) -> Floats:
        """Return how much documents are about the topics named: half the best of them, half their mean."""
        numbers = [self.topic_number[topic] for topic in topics if topic in self.topic_number]
        if not numbers or not len(docs):
            return np.zeros(len(docs), np.float32)
        matches = self.topics[docs][:, numbers]
        fit: Floats = 0.5 * matches.max(axis=1) + 0.5 * matches.mean(axis=1)
        return fit

    def _role(self, query: Query, docs: Ints) -> Floats:
        """Return the share of the subject's words that the contact role of a document holds."""
        fit = np.zeros(len(docs), np.float32)
        if query.understood.role and query.rest:
            asked = frozenset(stem_all(words(query.rest), "de"))
            for place, doc in enumerate(docs):
                fit[place] = len(asked & self.role_stems[doc]) / len(asked)
        return fit

    def _of(self, docs: Ints, rows: Iterable[int], states: Iterable[str]) -> Floats:
        """Return 1 for documents of one of some municipalities, or in one of some states."""
        of_rows = (self.by_row[row] for row in rows if row in self.by_row)
        return within(docs, (*of_rows, *(self.by_state[state] for state in states if state in self.by_state)))

    def _near(self, near: Mapping[int, float], docs: Ints) -> Floats:
        fit = np.zeros(len(docs), np.float32)
        for row, nearness in near.items():
            if row in self.by_row:
                np.maximum(fit, np.float32(nearness) * within(docs, (self.by_row[row],)), out=fit)
        return fit

    def _status(self, query: Query, docs: Ints) -> Floats:
        fit = np.zeros(len(docs), np.float32)
        folded = folded_name(query.text) if query.understood.status else ""
        fine = [stage for stage, pattern in NAMED_STAGE.items() if pattern.search(folded)]
        for status in query.understood.status:
            for stage in STAGES_OF_STATUS[status]:
                weight = 1.0 if not fine or stage in fine or status != "running" else 0.3
                np.maximum(fit, np.float32(weight) * self.stages[docs, STAGES.index(stage)], out=fit)
        return fit

    def _year(self, query: Query, docs: Ints) -> Floats:
        """Return 1 for documents that end (or begin) in a year named, less for those that only run in it."""
        fit = np.zeros(len(docs), np.float32)
        first, last = self.first_year[docs], self.last_year[docs]
        for year in query.understood.years:
            edge = last == year if query.ending else first == year
            runs = (first != NO_YEAR) & (first <= year) & (year <= last)
            np.maximum(fit, np.where(edge, 1.0, np.where(runs, 0.5, 0.0)).astype(np.float32), out=fit)
        return fit


def _all_limits(columns: Mapping[str, Floats]) -> Floats:
    """Return the product of the limits that the question names, when it names several."""
    limits = [name for name in LIMITS if name != "year" or not np.any(columns["round"])]
    named = [columns[name] for name in limits if np.any(columns[name])]
    if len(named) < 2:
        return np.zeros_like(columns["topic"])
    product: Floats = np.prod(np.stack([np.asarray(column, np.float32) for column in named]), axis=0)
    return product


def _stage_matrix(projects: Sequence[Project]) -> Bools:
    stages = [[stage in stages_of(project.status) for stage in STAGES] for project in projects]
    return np.array(stages, np.bool_).reshape(-1, len(STAGES))


def _rows(projects: Sequence[Project], gazetteer: Gazetteer) -> list[tuple[int, ...]]:
    rows_named = cache(gazetteer.rows_named)
    return [rows_named(project.municipality) for project in projects]


def _states(project: Project, rows: Iterable[int], gazetteer: Gazetteer) -> set[str]:
    own = {part.strip() for part in re.split(r"[/,;]", project.state) if part.strip()}
    there = [gazetteer.municipalities[row] for row in rows]
    return (
        own
        | {municipality.state for municipality in there if municipality.state}
        | {"Polen" for municipality in there if municipality.country == "PL"}
    )


def _topic_matrix(projects: Sequence[Project], vocabulary: Vocabulary, number: Mapping[str, int]) -> Floats:
    """Return 1 for a main topic (the first of a few), less for one among many; wider topics count half."""
    topic_of = cache(vocabulary.topic_of)
    matrix = np.zeros((len(projects), len(number)), np.float32)
    for doc, project in enumerate(projects):
        share = 1.0 if len(project.topics) <= _FEW_TOPICS else (_FEW_TOPICS / len(project.topics)) ** 0.5
        for place, raw in enumerate(project.topics):
            if (topic := topic_of(raw)) is None:
                continue
            for step, wider in enumerate(vocabulary.wider(topic.id)):
                weight = share * _LATER_TOPIC ** min(place, 3) * _WIDER_TOPIC**step
                cell = doc, number[wider]
                matrix[cell] = max(matrix[cell], weight)
    return matrix


_FEW_TOPICS = 4
_LATER_TOPIC = 0.95
_ONLY_NAMED = 0.6  # a document that names the place, beside one of the place
_WIDER_TOPIC = 0.7
