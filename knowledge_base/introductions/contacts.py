"""The contacts behind projects, and whether one of them can be asked now. Never shows an address.

``way_to`` is the one decision on it: answers, digests, requests and the command line all ask it. Which networks a
request can take is for the caller to say (``CanReach``): the knowledge base knows no settings.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping

from knowledge_base.introductions.values import KnownPerson
from knowledge_base.model import Contact, ContactNetwork, Project
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.places.words import folded_name
from knowledge_base.vocabulary import Vocabulary

Account = tuple[str, str]  # channel, user id
Places = tuple[str | int, ...]
CanReach = Callable[[Collection[str]], bool]  # whether a request gets to a person who is reached on these networks


class Introducible:
    """The reachable contacts of each project.

    A reachable contact answers for a project that it names, and, in its municipality, for projects that name its role
    and for its topics; in this order of fitness. Nobody can be asked before ``follow`` said who is known.
    """

    def __init__(
        self, contacts: Iterable[Contact], gazetteer: Gazetteer, vocabulary: Vocabulary, can_reach: CanReach = bool
    ) -> None:
        """Take ``can_reach``; by default, every network takes a request."""
        self._gazetteer = gazetteer
        self._vocabulary = vocabulary
        self._named: dict[str, list[str]] = defaultdict(list)
        self._roles: dict[tuple[str | int, str], list[str]] = defaultdict(list)
        self._topics: dict[tuple[str | int, str], list[str]] = defaultdict(list)
        self._contacts = tuple(contact for contact in contacts if contact.reachable)
        self._known: Mapping[Account, KnownPerson] = {}
        self._hidden: frozenset[str] = frozenset()
        self._can_reach: CanReach = can_reach
        self._askable: frozenset[str] = frozenset()
        self._with_contact: frozenset[str | int] = frozenset()  # places with a contact who can be asked
        for contact in self._contacts:
            self._add(contact)

    def _add(self, contact: Contact) -> None:
        for project in contact.projects:
            self._named[project].append(contact.id)
        for place in self._places(contact.municipality):
            self._roles[place, folded_name(contact.role)].append(contact.id)
            for topic in self._topic_ids(contact.topics):
                self._topics[place, topic].append(contact.id)

    @property
    def accounts(self) -> frozenset[Account]:
        """Return the accounts of all contacts: who of them the bot knows decides whether they can be asked."""
        return frozenset(account for contact in self._contacts for account in contact.accounts)

    def follow(self, known: Mapping[Account, KnownPerson], hidden: Collection[str]) -> None:
        """Set who can be asked from now on, from the persons known and the ids of contacts that are hidden."""
        self._known, self._hidden = known, frozenset(hidden)
        self._decide()

    def reach_by(self, can_reach: CanReach) -> None:
        """Set which networks take a request from now on."""
        self._can_reach = can_reach
        self._decide()

    def _decide(self) -> None:
        self._askable = frozenset(
            contact.id
            for contact in self._contacts
            if contact.id not in self._hidden and way_to(contact, self._known, self._can_reach) is not None
        )
        askable = (contact for contact in self._contacts if contact.id in self._askable)
        self._with_contact = frozenset(place for contact in askable for place in self._places(contact.municipality))

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
        return any(contact in self._askable for contact in self.of(project))

    def has_contact(self, municipality: str) -> bool:
        """Return whether any contact of the municipality that a record's field names can be asked now."""
        return not self._with_contact.isdisjoint(self._places(municipality))

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


def way_to(contact: Contact, known: Mapping[Account, KnownPerson], can_reach: CanReach) -> Account | None:
    """Return the account by which a contact can be asked now; ``None``: a request would not get to them.

    A contact who wants no introductions on one account is not asked on another.
    """
    accounts = contact.accounts
    if not contact.legal_basis or any(known[account].away for account in accounts if account in known):
        return None
    return next((account for account in accounts if can_reach(_channels(account, known))), None)


def _channels(account: Account, known: Mapping[Account, KnownPerson]) -> Collection[str]:
    """Return the networks on which the bot can write to the owner: to a mailbox it can, also for the first time."""
    if account in known:
        return known[account].channels
    return (account[0],) if account[0] == ContactNetwork.EMAIL else ()
