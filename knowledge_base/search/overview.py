"""All hits of an answer in brief: their towns with the number of projects, and what the places named have."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache

import numpy as np

from knowledge_base.model import NamedPlace, Overview, Project, Town
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search.conditions import Conditions, Ints
from knowledge_base.search.document_sets import union
from knowledge_base.search.record_facts import is_model_project, same_as
from knowledge_base.search.understanding.query import Query

_Place = tuple[str, str]  # name and state


class Overviews:
    """The maker of overviews. One per snapshot; documents are numbered as in its index."""

    def __init__(self, projects: Sequence[Project], gazetteer: Gazetteer, conditions: Conditions) -> None:
        self._projects = projects
        self._gazetteer = gazetteer
        self._conditions = conditions
        self._known = cache(self._places)

    def of(self, query: Query, docs: Iterable[int]) -> Overview:
        """Return the overview of documents in their order; of the model projects, if only these are asked for."""
        projects = [self._projects[doc] for doc in docs]
        models = [project for project in projects if is_model_project(project)]
        models = models if query.listing and not query.subject else []
        towns: dict[_Place, set[str]] = {}
        for project in models or projects:
            for place in self._towns(project):
                towns.setdefault(place, set()).add(same_as(project) or project.id)
        asked = {self._gazetteer.municipalities[row].name for row in query.rows}
        there = [place for place in towns if place[0] in asked or place[1] in query.states]  # not partners elsewhere
        return Overview(
            towns=tuple(Town(*place, len(towns[place])) for place in there or towns),
            projects=len({same_as(project) or project.id for project in models or projects}),
            models=bool(models),
        )

    def named(self, query: Query, docs: Ints) -> tuple[NamedPlace, ...]:
        """Return the places that a question names, in its order; ``docs`` are the hits."""
        return tuple(self._named(name, own, docs) for name, own in self._documents(query))

    def by_turns(self, query: Query, docs: Ints) -> Ints:
        """Return the positions of hits in turns: the best of each place that is named, then the second of each …"""
        places = [own for _, own in self._documents(query)]
        if len(places) < 2:
            return np.arange(len(docs))
        member = np.array([np.isin(docs, own) for own in (*places, docs)])
        place_of = member.argmax(axis=0).tolist()
        turn = [place_of[:position].count(place) for position, place in enumerate(place_of)]
        return np.lexsort((np.arange(len(docs)), turn))

    def _documents(self, query: Query) -> Iterator[tuple[str, Ints]]:
        """Yield the places named and all their documents."""
        for name in query.understood.municipalities:
            rows = self._gazetteer.with_members([row for row in self._gazetteer.rows_named(name) if row in query.rows])
            yield name, _docs([self._conditions.by_row.get(row) for row in rows])
        for state in query.states:
            yield state, _docs([self._conditions.by_state.get(state)])

    def _named(self, name: str, own: Ints, hits: Ints) -> NamedPlace:
        full = own[~self._conditions.thin[own]]
        counted = np.intersect1d(own, hits)
        rounds = () if len(full) else (self._projects[doc].funding_round for doc in own)
        return NamedPlace(
            name=name,
            hits=frozenset(self._projects[doc].id for doc in counted),
            others=len(np.setdiff1d(full, counted)),
            rounds=tuple(dict.fromkeys(filter(None, rounds))),
        )

    def _towns(self, project: Project) -> Iterator[_Place]:
        for name in project.members or (project.municipality,):
            if name:
                yield from self._known(name, project.state)

    def _places(self, name: str, state: str) -> tuple[_Place, ...]:
        """Return the municipalities of a record's own field; of namesakes the one in the record's state."""
        rows = [self._gazetteer.municipalities[row] for row in self._gazetteer.rows_named(name)]
        if len({row.name for row in rows}) < 2:
            rows = sorted(rows, key=lambda row: row.state not in state)[:1]
        return tuple((row.name, row.state or state) for row in rows) or ((name, state),)


def _docs(postings: Sequence[Ints | None]) -> Ints:
    found = union(postings)
    return np.zeros(0, np.int64) if found is None else found
