"""Behind which projects a reachable contact stands. Knows roles only, never an address."""

from __future__ import annotations

from collections.abc import Iterable

from knowledge_base.model import Contact, Project
from knowledge_base.search.understanding.gazetteer import Gazetteer
from knowledge_base.search.understanding.words import folded_name
from knowledge_base.vocabulary import Vocabulary


class Introducible:
    """Tells whether somebody can be asked about a project.

    A reachable contact answers for a project that it names, and, in its municipality, for its topics and for what
    names its role.
    """

    def __init__(self, contacts: Iterable[Contact], gazetteer: Gazetteer, vocabulary: Vocabulary) -> None:
        self._gazetteer = gazetteer
        self._vocabulary = vocabulary
        self._projects: set[str] = set()
        self._topics: set[tuple[str | int, str]] = set()
        self._roles: set[tuple[str | int, str]] = set()
        for contact in contacts:
            if contact.reachable:
                self._add(contact)

    def _add(self, contact: Contact) -> None:
        self._projects.update(contact.projects)
        for place in self._places(contact.municipality):
            self._topics.update((place, topic) for topic in self._topic_ids(contact.topics))
            self._roles.add((place, folded_name(contact.role)))

    def __contains__(self, project: Project) -> bool:
        if project.id in self._projects:
            return True
        if not self._topics and not self._roles:
            return False
        role, topics = folded_name(project.contact_role), self._topic_ids(project.topics)
        return any(
            (place, role) in self._roles or any((place, topic) in self._topics for topic in topics)
            for place in self._places(project.municipality)
        )

    def _places(self, municipality: str) -> tuple[str | int, ...]:
        """The municipalities of a record's field; its own words where the gazetteer knows none."""
        rows: tuple[str | int, ...] = self._gazetteer.rows_named(municipality)
        return rows or ((folded_name(municipality),) if municipality else ())

    def _topic_ids(self, raw: Iterable[str]) -> set[str]:
        return {topic.id for word in raw if (topic := self._vocabulary.topic_of(word)) is not None}
