"""The conditions of a question as filters over the documents of an index: place, round, status, years, size …

Columns are built once for a snapshot; a question then compares arrays, never documents one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial, reduce
from operator import or_

import numpy as np
import numpy.typing as npt

from knowledge_base.model import Project
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search import tuning
from knowledge_base.search.document_sets import postings, union, within
from knowledge_base.search.record_facts import (
    NO_YEAR,
    addresses_of,
    at_border,
    is_county,
    is_model_project,
    is_thin,
    round_of,
    same_as,
    smallness,
    topics_of,
    years_of,
)
from knowledge_base.search.understanding import phrases
from knowledge_base.search.understanding.query import Query
from knowledge_base.status import Status, status_of
from knowledge_base.vocabulary import Vocabulary

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
LIMITED = 300  # documents that conditions alone may propose


@dataclass(frozen=True, slots=True)
class Fit:
    """How well documents meet the conditions of a question; parallel arrays."""

    conditions: tuple[str, ...]  # names of the conditions that the question has
    degree: Floats  # sum over the conditions, each 0 … 1
    met: Bools  # every condition is met
    here: Bools  # of the place asked for, and not left out
    elsewhere: Bools  # of another place that is not left out; every other condition is met
    thin: Floats  # 1 for a record without content where no list is asked for; far more beside a fuller one
    focus: Floats  # 0 … 1: how far the topics of the record and those of the question are the same


@dataclass(frozen=True)
class Conditions:
    """Columns over the documents of an index, in its order."""

    by_row: Mapping[int, Ints]  # municipality of the gazetteer -> documents
    by_state: Mapping[str, Ints]
    by_round: Mapping[str, Ints]
    by_topic: Mapping[str, tuple[Ints, Floats]]  # with all narrower ones; and the share of a record's topics
    by_address: Mapping[str, Ints]  # of the web, that the document is from or cites
    status: npt.NDArray[np.int8]  # position in ``Status``
    first_year: npt.NDArray[np.int16]
    last_year: npt.NDArray[np.int16]
    population: Floats  # of the largest municipality of a document; 0 where none is known
    named_years: npt.NDArray[np.int64]  # one bit for each year from 2000 on that the text names
    small: Floats  # 1: small or rural; 0.5: a county, or of unknown size; 0: larger
    county: Bools
    border: Bools
    transfer: Bools
    thin: Bools
    double: Bools  # a thin record beside a full one of the same project
    model_project: Bools

    @classmethod
    def build(cls, projects: Sequence[Project], gazetteer: Gazetteer, vocabulary: Vocabulary) -> Conditions:
        rows_named = cache(gazetteer.rows_named)
        rows = [
            tuple(dict.fromkeys(row for name in (p.municipality, *p.members) for row in rows_named(name)))
            for p in projects
        ]
        spans = [years_of(f"{project.period} {project.status}") for project in projects]
        thin = [is_thin(project) for project in projects]
        topics = [topics_of(project, vocabulary) for project in projects]
        of_topic = postings((topic, doc) for doc, shares in enumerate(topics) for topic in shares)
        full = {project.id for project, is_thin in zip(projects, thin, strict=True) if not is_thin}
        return cls(
            by_row=postings((row, doc) for doc, own in enumerate(rows) for row in own),
            by_state=postings((state, d) for d, p in enumerate(projects) for state in _states(p, rows[d], gazetteer)),
            by_round=postings((round_of(p, vocabulary), doc) for doc, p in enumerate(projects) if p.funding_round),
            by_topic={
                topic: (docs, np.array([topics[doc][topic] for doc in docs.tolist()], np.float32))
                for topic, docs in of_topic.items()
            },
            by_address=postings((address, doc) for doc, p in enumerate(projects) for address in addresses_of(p)),
            status=np.array([_STATUSES.index(status_of(project.status)) for project in projects], np.int8),
            first_year=np.array([first for first, _ in spans], np.int16),
            last_year=np.array([last for _, last in spans], np.int16),
            population=np.array(
                [max((gazetteer.municipalities[row].population or 0 for row in own), default=0) for own in rows],
                np.float32,
            ),
            named_years=np.array([_bits(phrases.years(project.text)) for project in projects], np.int64),
            small=np.array([smallness(p, rows[d], gazetteer, vocabulary) for d, p in enumerate(projects)], np.float32),
            county=np.array([is_county(own, gazetteer) for own in rows], np.bool_),
            border=np.array([at_border(p, vocabulary) for p in projects], np.bool_),
            transfer=np.array([bool(p.transferability.strip()) for p in projects], np.bool_),
            thin=np.array(thin, np.bool_),
            double=np.array([t and same_as(p) in full for p, t in zip(projects, thin, strict=True)], np.bool_),
            model_project=np.array([is_model_project(p) for p in projects], np.bool_),
        )

    def limited(self, query: Query, near: Mapping[int, float]) -> Ints:
        """Return the documents that meet all conditions of the question, ascending, at most ``LIMITED``.

        They are candidates whatever their words are. Where no document meets all, return those of the place.
        """
        read = query.understood
        limits = [
            self._cited(query),
            union([*map(self.by_row.get, (*query.rows, *near)), *map(self.by_state.get, query.states)]),
            union([self.by_round.get(name) for name in read.rounds]),
            self._where(self._status(query, np.arange(len(self.small)))) if read.status else None,
            np.flatnonzero(self.small == 1) if read.small else None,
            np.flatnonzero(self.county) if read.counties else None,
            np.flatnonzero(self.border) if query.border else None,
            np.flatnonzero(self.transfer) if query.transfer else None,
        ]
        given = [limit for limit in limits if limit is not None and len(limit)]
        if not given:
            return np.zeros(0, np.int64)
        common = reduce(partial(np.intersect1d, assume_unique=True), given)
        return (common if len(common) else given[0])[:LIMITED]

    def fit(
        self, query: Query, docs: Ints, near: Mapping[int, float], named: Floats, borough: Floats, unwanted: Floats
    ) -> Fit:
        """Return how well some documents meet the conditions.

        ``near`` are municipalities with their nearness. ``named`` is the share of the places asked for that a
        document's own words name, ``borough`` the same for boroughs, ``unwanted`` for words that it must not hold.
        """
        read = query.understood
        own = self._of(docs, query.rows, query.states)
        excluded = self._of(docs, query.without_rows, query.without_states) > 0
        fits: dict[str, Floats] = {}
        known = any(row in self.by_row for row in query.rows) or any(s in self.by_state for s in query.states)
        place = own if known else named * np.float32(bool(query.rows))
        here = ~excluded
        if query.near_rows:
            fits["near"] = self._near(near, docs)
        elif query.placed:
            fits["place"] = np.maximum(place, np.float32(tuning.ONLY_NAMED) * named)
            here = here & (place > 0)
            if query.boroughs:
                fits["borough"] = borough
        if (cited := self._cited(query)) is not None:
            fits["address"] = within(docs, (cited,))
        if read.rounds:
            fits["round"] = within(docs, (self.by_round[name] for name in read.rounds if name in self.by_round))
        if read.status:
            fits["status"] = self._status(query, docs)
        if read.years and not read.rounds:
            fits["years"] = self._years(query, docs)
        fits |= self._marked(query, docs)
        fits |= self._left_out(query, docs, excluded, unwanted)
        degree = np.sum([_weight(name) * fit for name, fit in fits.items()], axis=0, dtype=np.float32)
        strict = {name: fit > 0 for name, fit in fits.items() if name not in _ORDERING}
        rest = [fit for name, fit in strict.items() if name != "place"]
        thin = self.thin[docs] & np.bool_(not query.listing)
        double = self.double[docs] & thin
        return Fit(
            conditions=tuple(fits),
            degree=np.broadcast_to(degree, docs.shape).astype(np.float32),
            met=np.logical_and.reduce([here, ~double, *strict.values()]),
            here=here,
            elsewhere=np.logical_and.reduce([~here, ~excluded, ~double, *rest]),
            thin=(thin + _DOUBLE * double).astype(np.float32),
            focus=self._focus(query.subject_topics, docs),
        )

    def likeness(self, docs: Ints, near: Mapping[int, float], population: int) -> Floats:
        """Return how near, or how alike in size, the municipalities of documents are to another one, 0 … 1."""
        larger, smaller = np.maximum(self.population[docs], population), np.minimum(self.population[docs], population)
        return np.maximum(self._near(near, docs), smaller / np.maximum(larger, np.float32(1.0)))

    def _marked(self, query: Query, docs: Ints) -> dict[str, Floats]:
        """Return the fits to the conditions that a record meets or not, as far as the question has them."""
        marks = (
            ("small", query.understood.small, self.small),
            ("rural", query.understood.rural and not query.understood.small, self.small),
            ("like_asker", query.asker_small and not query.understood.rural, self.small),
            ("county", query.understood.counties, self.county),
            ("border", query.border, self.border),
            ("transfer", query.transfer, self.transfer),
            ("model_project", query.listing, self.model_project),
        )
        return {name: column[docs].astype(np.float32) for name, asked, column in marks if asked}

    def _left_out(self, query: Query, docs: Ints, excluded: Bools, unwanted: Floats) -> dict[str, Floats]:
        """Return the fits to what a question leaves out: places, words, topics with all narrower ones."""
        fits: dict[str, Floats] = {}
        if query.without_rows or query.without_states:
            fits["without"] = (~excluded).astype(np.float32)
        if query.without_words:
            fits["without_words"] = 1.0 - unwanted
        if query.without_topics:
            held = within(docs, (self.by_topic[topic][0] for topic in query.without_topics if topic in self.by_topic))
            fits["without_topics"] = 1.0 - held
        return fits

    def _focus(self, topics: Sequence[str], docs: Ints) -> Floats:
        """Return the share of the documents' topics that are asked for, times the share of the topics asked for."""
        share, held = np.zeros((2, len(docs)), np.float32)
        for own, shares in (self.by_topic[topic] for topic in topics if topic in self.by_topic):
            place = np.minimum(np.searchsorted(own, docs), len(own) - 1)
            share += np.where(own[place] == docs, shares[place], np.float32(0.0))
            held += own[place] == docs
        return np.minimum(share, np.float32(1.0)) * held / np.float32(max(len(topics), 1))

    def _cited(self, query: Query) -> Ints | None:
        """Return the documents that are from a web address in the question, or cite it; None without any."""
        return union([self.by_address.get(address) for address in query.addresses])

    def _where(self, fit: Floats) -> Ints:
        return np.flatnonzero(fit > 0)

    def _of(self, docs: Ints, rows: Iterable[int], states: Iterable[str]) -> Floats:
        """Return 1 for documents of one of some municipalities, or in one of some states."""
        of_rows = (self.by_row[row] for row in rows if row in self.by_row)
        return within(docs, (*of_rows, *(self.by_state[state] for state in states if state in self.by_state)))

    def _near(self, near: Mapping[int, float], docs: Ints) -> Floats:
        fit = np.zeros(len(docs), np.float32)
        for row, nearness in near.items():
            if row in self.by_row:
                value = np.float32(1.0 - tuning.NEARNESS + tuning.NEARNESS * nearness)
                np.maximum(fit, value * within(docs, (self.by_row[row],)), out=fit)
        return fit

    def _status(self, query: Query, docs: Ints) -> Floats:
        meant = {_STATUSES.index(status) for said in query.understood.status for status in _MEANT[said]}
        fit: Floats = np.isin(self.status[docs], sorted(meant)).astype(np.float32)
        return fit

    def _years(self, query: Query, docs: Ints) -> Floats:
        """Return 1 for documents that begin or end in a period named, less for those that run in it or name it."""
        fit = np.zeros(len(docs), np.float32)
        first, last = self.first_year[docs], self.last_year[docs]
        known = first != NO_YEAR
        for begin, end in query.understood.periods:
            edge = last if query.ending else first
            meets = known & (begin <= edge) & (edge <= end)
            runs = known & (first <= end) & (begin <= last)
            named = (self.named_years[docs] & _bits(range(max(begin, _FIRST), min(end, _LAST) + 1))) != 0
            fits = np.select([meets, runs, named], [1.0, 0.5, 0.25], 0.0)
            np.maximum(fit, fits.astype(np.float32), out=fit)
        return fit


_STATUSES = tuple(Status)
_FIRST, _LAST = 2000, 2049  # years that a text may name
_DOUBLE = np.float32(100)  # as good as left out, wherever there is anything else
_MEANT: Mapping[str, tuple[Status, ...]] = {  # by ``Understood.status``
    "planned": (Status.PLANNED, Status.IDEA),
    "running": (Status.IN_OPERATION, Status.BEING_BUILT, Status.PILOT),
    "done": (Status.FINISHED,),
    "pilot": (Status.PILOT,),
    "being_built": (Status.BEING_BUILT,),
    "given_up": (Status.GIVEN_UP,),
}


_UNSAID = frozenset(
    {"borough", "transfer", "border", "model_project", "rural", "like_asker"}
)  # a record may fit and not say so
_ORDERING = _UNSAID | {"near"}  # what misses one of these is still a hit


def _bits(years: Iterable[int]) -> int:
    return reduce(or_, (1 << year - _FIRST for year in years), 0)


def _weight(condition: str) -> float:
    return tuning.SOFT if condition in _UNSAID else tuning.WEIGHTS.get(condition, 1.0)


def _states(project: Project, rows: Iterable[int], gazetteer: Gazetteer) -> set[str]:
    own = {part.strip() for part in re.split(r"[/,;]", project.state) if part.strip()}
    there = [gazetteer.municipalities[row] for row in rows]
    return (
        own
        | {municipality.state for municipality in there if municipality.state}
        | {"Polen" for municipality in there if municipality.country == "PL"}
    )
