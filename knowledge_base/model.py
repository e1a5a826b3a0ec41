"""The records and the vocabulary of the knowledge base, as frozen values.

Nothing here reads, stores or searches. A *record* (project, municipality, contact, event) is what an import file holds
and what an editor changes; topics and funding rounds are the controlled vocabulary that the records refer to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum, auto
from typing import Any

from knowledge_base.mail_address import same_form

Json = Any  # any JSON value


class RecordKind(StrEnum):
    """A kind of record that an import file may hold (its field ``record``)."""

    PROJECT = "project"
    MUNICIPALITY = "municipality"
    CONTACT = "contact"
    EVENT = "event"


TRANSLATED = ("title", "text", "status", "contact_role", "transferability", "funding")  # fields that a translation has


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A model project, a measure (Maßnahme), a strategy or a network; always with its source and licence."""

    id: str
    title: str
    text: str
    lang: str = "de"
    municipality: str = ""  # as the source writes it, e.g. "Bad Belzig / Wiesenburg/Mark"
    members: tuple[str, ...] = ()  # municipalities of a joint project, each by its name
    country: str = ""
    state: str = ""
    kind: str = ""
    topics: tuple[str, ...] = ()  # as the source writes them; the vocabulary maps them to Topic ids
    funding_round: str = ""
    status: str = ""
    period: str = ""
    contact_role: str = ""
    transferability: str = ""
    funding: str = ""
    url: str = ""
    sources: tuple[str, ...] = ()
    licence: str = ""
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # language -> TRANSLATED field -> text
    asked_as: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # language -> questions that it answers
    as_of: str = ""  # ISO date: the day for which its facts hold
    checked: str = ""  # ISO date: the day on which they were last compared with their sources
    extra: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Municipality:
    """A city, town, rural community, district, joint body or state: the unit that shares and asks."""

    id: str  # the official key: AGS (Germany, 8 digits, shorter for districts and states) or TERYT (Poland, "PL-…")
    name: str
    names: tuple[str, ...] = ()  # other names and spellings: inflections that no rule gives, exonyms, short forms
    state: str = ""
    country: str = "DE"
    kind: str = ""  # e.g. "kreisfreie Stadt", "Stadt", "Gemeinde", "Landkreis", "Land", "Verband"
    population: int | None = None
    latitude: float | None = None
    longitude: float | None = None
    neighbours: tuple[str, ...] = ()  # ids
    mail_domains: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    licence: str = ""
    extra: Mapping[str, Json] = field(default_factory=dict)


class ContactNetwork(StrEnum):
    """The networks on which the record of a contact names an account: ``email`` and ``matrix_id``.

    The knowledge base knows no other network by name; ``bot.channels.networks`` has them all.
    """

    EMAIL = auto()
    MATRIX = auto()


PERSONAL: Mapping[str, Json] = {"personal": True}  # marks a field that names or reaches a person


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A role that answers for projects or topics; personal fields never leave the store without consent."""

    id: str
    role: str
    municipality: str = ""
    email: str = field(default="", metadata=PERSONAL)
    phone: str = field(default="", metadata=PERSONAL)
    matrix_id: str = field(default="", metadata=PERSONAL)
    projects: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()  # ids or words of the vocabulary
    deputy: str = field(default="", metadata=PERSONAL)  # id of another contact; free text in some imports
    legal_basis: str = ""
    source: str = ""
    extra: Mapping[str, Json] = field(default_factory=dict)

    @property
    def accounts(self) -> tuple[tuple[str, str], ...]:
        """Return the accounts (network, user id) that the record names, in the order in which they are tried."""
        named = ((ContactNetwork.EMAIL, same_form(self.email)), (ContactNetwork.MATRIX, self.matrix_id.strip()))
        return tuple((network.value, user) for network, user in named if user)

    @property
    def reachable(self) -> bool:
        """Return whether the bot can ask the contact: it has an address and a legal basis to use it."""
        return bool(self.legal_basis and (self.email or self.matrix_id))


PERSONAL_FIELDS = frozenset(
    attribute.name for attribute in fields(Contact) if attribute.metadata == PERSONAL
)  # of contacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A meeting, workshop or visit; ``start`` and ``end`` are ISO 8601 dates or date-times."""

    id: str
    title: str
    text: str = ""
    start: str = ""
    end: str = ""
    municipality: str = ""
    topics: tuple[str, ...] = ()
    url: str = ""
    sources: tuple[str, ...] = ()
    licence: str = ""
    extra: Mapping[str, Json] = field(default_factory=dict)


Record = Project | Municipality | Contact | Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A term of the controlled vocabulary (Handlungsfeld), labelled and with synonyms per language."""

    id: str  # short English slug, e.g. "mobility"
    labels: Mapping[str, str]  # language -> label
    synonyms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # language -> other words for it
    broader: str = ""  # id of the wider topic


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRound:
    """A funding programme and year, e.g. "MPSC 1. Staffel 2019"."""

    id: str  # e.g. "mpsc-2019"
    name: str  # exactly as records write it in ``funding_round``
    programme: str
    number: int | None = None
    year: int | None = None
    projects: int | None = None  # how many projects the source names for the round
    aliases: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)  # language -> name for readers, where it is not ``name``
    sources: tuple[str, ...] = ()
    licence: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Understood:
    """The search's reading of a question; shown to the asker, so that a wrong reading is seen."""

    topics: tuple[str, ...] = ()  # Topic ids
    municipalities: tuple[str, ...] = ()  # names
    states: tuple[str, ...] = ()
    rounds: tuple[str, ...] = ()  # FundingRound names
    years: tuple[int, ...] = ()  # as named
    periods: tuple[tuple[int, int], ...] = ()  # first and last year of each that the years mean; 0 and 9999 are open
    status: tuple[str, ...] = ()  # "planned" | "running" | "done"
    near: tuple[str, ...] = ()  # municipality names after "near", "bei", "in der Nähe von", "koło"
    unknown_places: tuple[str, ...] = ()  # place names that no record holds
    rural: bool = False  # small towns and rural communities, at least first
    small: bool = False  # small municipalities only
    counties: bool = False  # rural districts only
    who: bool = False  # the question asks which municipalities, or who is responsible
    role: bool = False  # the question asks for the responsible role
    names: bool = False  # the question asks for all names, or how many there are
    negated: tuple[str, ...] = ()  # what must not be in an answer, as the question says it
    asker: tuple[str, ...] = ()  # the asker's own municipality: near and similar ones come first


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A project found, with its passage that answers best."""

    project: Project
    score: float  # 0 … 1, comparable within one answer only
    why: str  # the passage of the project's own text that matched, in its original language
    contact_role: str
    can_introduce: bool
    elsewhere: bool = False  # would be an answer, but is of another place than the one in the question


@dataclass(frozen=True, slots=True)
class Occasion:
    """An event as seen on the day of the question."""

    event: Event
    past: bool


@dataclass(frozen=True, slots=True)
class Town:
    """A municipality in an answer, with the number of its projects there."""

    name: str
    state: str
    projects: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All hits of an answer in brief. Two records of one project count once; members of a project are towns."""

    towns: tuple[Town, ...] = ()  # in the order of their best hits
    projects: int = 0
    models: bool = False  # these are model projects only, as the question asked


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPlace:
    """A municipality or state that a question names, and what the knowledge base has from there."""

    name: str
    hits: frozenset[str]  # ids of the projects that the answer counts
    others: int  # further projects that say what is done there
    rounds: tuple[str, ...] = ()  # of its model projects, if no record says what is done there


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer to one question: sure hits, or, when not sure, only the nearest."""

    question: str
    language: str  # of the question: "de" | "en" | "pl"
    answered: bool
    understood: Understood
    hits: tuple[Hit, ...]  # empty when not sure
    near: tuple[Hit, ...]  # the nearest others
    total: int  # hits that "more" can show altogether
    took_ms: float
    events: tuple[Occasion, ...] = ()  # only when the question asks for events
    overview: Overview = Overview()  # of all hits that "more" can show
    places: tuple[NamedPlace, ...] = ()  # that the question names, known ones only
    missed: tuple[str, ...] = ()  # conditions that ``near`` does not meet, as no project meets all: "status", "rural" …
