"""The contacts behind projects, and whether one of them can be asked now. Never shows an address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from knowledge_base.mail_address import same_form
from knowledge_base.model import Contact, ContactNetwork, Project
from knowledge_base.search.understanding.gazetteer import Gazetteer
from knowledge_base.search.understanding.words import folded_name
from knowledge_base.vocabulary import Vocabulary

Account = tuple[str, str]  # channel, user id
Places = tuple[str | int, ...]


class Introducible:
    """The reachable contacts of each project.

    A reachable contact answers for a project that it names, and, in its municipality, for projects that name its role
    and for its topics; in this order of fitness. ``leave_out`` names the contacts who cannot be asked for the time
    being.
    """

    def __init__(self, contacts: Iterable[Contact], gazetteer: Gazetteer, vocabulary: Vocabulary) -> None:
        self._gazetteer = gazetteer
        self._vocabulary = vocabulary
        self._named: dict[str, list[str]] = defaultdict(list)
        self._roles: dict[tuple[str | int, str], list[str]] = defaultdict(list)
        self._topics: dict[tuple[str | int, str], list[str]] = defaultdict(list)
        self._accounts: dict[str, Account] = {}
        self._away: frozenset[str] = frozenset()
        for contact in contacts:
            if contact.reachable:
                self._add(contact)

    def _add(self, contact: Contact) -> None:
        self._accounts[contact.id] = account_of(contact)
        for project in contact.projects:
            self._named[project].append(contact.id)
        for place in self._places(contact.municipality):
            self._roles[place, folded_name(contact.role)].append(contact.id)
            for topic in self._topic_ids(contact.topics):
                self._topics[place, topic].append(contact.id)

    def leave_out(self, accounts: Collection[Account], contacts: Collection[str]) -> None:
        """Set the accounts and contacts that cannot be asked from now on; all others can."""
        away = {contact for contact, account in self._accounts.items() if account in accounts}
        self._away = frozenset(away.union(contacts))

    def of(self, project: Project) -> tuple[str, ...]:
        """Return the ids of all reachable contacts of a project, the best first, also those who cannot be asked now."""
        contacts = list(self._named.get(project.id, ()))
        places = self._places(project.municipality) if self._roles else ()
        role, topics = folded_name(project.contact_role), sorted(self._topic_ids(project.topics))
        for place in places:
            contacts += self._roles.get((place, role), ())
        for place in places:
            contacts += (contact for topic in topics for contact in self._topics.get((place, topic), ()))
        return tuple(dict.fromkeys(contacts))

    def __contains__(self, project: Project) -> bool:
        """Return whether a contact of a project can be asked now."""
        return any(contact not in self._away for contact in self.of(project))

    def ids_of(self, municipality: str) -> frozenset[str]:
        """Return the ids of the municipalities that a record's field names."""
        rows = self._gazetteer.rows_named(municipality)
        return frozenset(self._gazetteer.municipalities[row].id for row in rows)

    def _places(self, municipality: str) -> Places:
        """Return the municipalities of a record's field; its own words where the gazetteer knows no such place."""
        rows: Places = self._gazetteer.rows_named(municipality)
        return rows or ((folded_name(municipality),) if municipality else ())

    def _topic_ids(self, raw: Iterable[str]) -> set[str]:
        return {topic.id for word in raw if (topic := self._vocabulary.topic_of(word)) is not None}


def account_of(contact: Contact) -> Account:
    """Return the account of a contact: its mail address, else its Matrix id."""
    if contact.email:
        return ContactNetwork.EMAIL.value, same_form(contact.email)
    return ContactNetwork.MATRIX.value, contact.matrix_id
