"""The content of a digest. Pure: changes, interests and earlier digests of the subscriber are given.

First collect everything that is new to this subscriber and about their topics. Then choose the best, at most ``MOST``:
by fit to topics, region and size of the municipality, with room for every kind and not all from one place. An entry
that was sent once is not sent again, unless it really changed since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import log10

MOST = 7  # entries of a digest
THIN = 3  # fewer news than this: an older project worth knowing joins them
FIRST = 5  # entries that a first digest is filled up to
LOOK_BACK = timedelta(days=90)  # for the best ones of a first digest
LOOK_AHEAD = timedelta(days=14)  # for events
FEWEST = 5  # no count of fewer people is shown
REAL_CHANGES = (  # fields of a project: their changes are news, named in this order
    "status", "period", "funding_round", "funding", "text", "transferability", "contact_role", "municipality", "title",
    "topics",
)  # fmt: skip
MOVED = ("start", "end", "municipality", "title")  # of an event
AT_MOST = 2  # entries of a kind other than projects, as long as there are others
EVERYTHING = 0.5  # fit of any entry for a subscriber to everything
SAME_PLACE = 0.75  # worth of each further entry of the same municipality


class Kind(StrEnum):
    """The kind of thing that an entry is about."""

    PROJECT = "project"
    CONTACT = "contact"
    EVENT = "event"
    QUESTION = "question"  # an open one of another user


class Why(StrEnum):
    """The reason for an entry, in the order in which entries are shown."""

    NEW = "new"
    BEST = "best"  # of the last weeks, in a first digest
    CHANGED = "changed"
    EVENT = "event"  # takes place soon
    CONTACT = "contact"  # a new one for their topics
    QUESTION = "question"  # can you help?
    OLDER = "older"  # worth knowing


PRIOR = {
    Why.NEW: 0.6, Why.EVENT: 0.5, Why.CHANGED: 0.4, Why.QUESTION: 0.4, Why.CONTACT: 0.3, Why.BEST: 0.2, Why.OLDER: 0.0,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a record at a revision of the knowledge."""

    revision: int
    at: datetime
    added: bool
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestCandidate:
    """A possible entry of a digest."""

    kind: Kind
    id: str
    topics: Mapping[str, float] = field(default_factory=dict)  # topic id → share of the topic, 0 … 1
    places: frozenset[int] = frozenset()  # municipalities, by their numbers
    states: frozenset[str] = frozenset()
    population: int | None = None
    quality: float = 0.5  # 0 … 1: how useful it is to a reader
    changes: tuple[Change, ...] = ()  # of the last months, oldest first
    starts: date | None = None  # of an event
    askers: frozenset[str] = frozenset()  # of a question: the persons who asked it

    @property
    def key(self) -> str:
        """Return the key under which a sent entry is remembered: "project:bb-cottbus"."""
        return f"{self.kind}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interest:
    """The interests of a subscriber."""

    topics: frozenset[str] = frozenset()  # none: everything
    nearness: Mapping[int, float] = field(default_factory=dict)  # municipality → 0 … 1
    states: frozenset[str] = frozenset()
    population: int | None = None  # of their own municipality
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDigests:
    """Earlier digests of a subscriber; ``upto`` is the last revision that they covered, ``None`` before the first."""

    since: datetime  # of the subscription
    upto: int | None = None
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """An entry of a digest; ``fields`` are the changed ones."""

    candidate: DigestCandidate
    why: Why
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """The entries in the order in which they are shown, and the number of news left out."""

    entries: tuple[DigestEntry, ...] = ()
    more: int = 0


def choose(
    candidates: Sequence[DigestCandidate], interest: Interest, past: PastDigests, today: date, now: datetime
) -> Selection:
    """Return the digest of one subscriber; without entries when there is nothing new. ``today`` is their local day."""
    fitting = [
        candidate
        for candidate in candidates
        if interest.person not in candidate.askers and _topic_fit(candidate, interest) > 0
    ]
    news = [entry for candidate in fitting if (entry := _news(candidate, past, today))]
    new = {entry.candidate.key for entry in news}
    if past.upto is None and len(news) < FIRST:
        best = [
            DigestEntry(candidate, Why.BEST)
            for candidate in fitting
            if candidate.key not in new
            and candidate.kind is Kind.PROJECT
            and any(change.at > now - LOOK_BACK for change in candidate.changes)
        ]
        news += _ranked(best, interest)[: FIRST - len(news)]
    picked = _picked(_ranked(news, interest))
    if 0 < len(picked) < THIN:
        known = past.keys | {entry.candidate.key for entry in picked}
        picked += _older(fitting, interest, known)[:1]
    order = list(Why)
    shown = sorted(picked, key=lambda entry: order.index(entry.why))
    return Selection(tuple(shown), sum(entry.why is not Why.BEST for entry in news if entry not in picked))


def introduced(count: int) -> int | None:
    """Return the number of people introduced, or ``None`` when it is too small to be shown."""
    return count if count >= FEWEST else None


# ------------------------------------------------------------------------------------------------------------- news


def _news(candidate: DigestCandidate, past: PastDigests, today: date) -> DigestEntry | None:
    """Return the candidate as an entry, if it is news to the subscriber."""
    unseen = [change for change in candidate.changes if _is_unseen(change, past)]
    if candidate.kind is Kind.EVENT:
        return _event(candidate, unseen, past, today)
    if candidate.kind is Kind.QUESTION:  # news while it is open and they were not asked yet
        return DigestEntry(candidate, Why.QUESTION) if candidate.key not in past.keys else None
    if any(change.added for change in unseen):
        why = Why.CONTACT if candidate.kind is Kind.CONTACT else Why.NEW
        return DigestEntry(candidate, why) if candidate.key not in past.keys else None
    changed = {name for change in unseen for name in change.fields}
    fields = tuple(name for name in REAL_CHANGES if name in changed)
    return DigestEntry(candidate, Why.CHANGED, fields) if fields and candidate.kind is Kind.PROJECT else None


def _event(candidate: DigestCandidate, unseen: Sequence[Change], past: PastDigests, today: date) -> DigestEntry | None:
    if candidate.starts is None or not today <= candidate.starts <= today + LOOK_AHEAD:
        return None
    changed = {name for change in unseen if not change.added for name in change.fields}
    moved = tuple(name for name in MOVED if name in changed)
    return (
        DigestEntry(candidate, Why.EVENT, moved if candidate.key in past.keys else ())
        if moved or candidate.key not in past.keys
        else None
    )


def _is_unseen(change: Change, past: PastDigests) -> bool:
    return change.at > past.since if past.upto is None else change.revision > past.upto


def _older(fitting: Iterable[DigestCandidate], interest: Interest, known: frozenset[str]) -> list[DigestEntry]:
    rest = [
        DigestEntry(candidate, Why.OLDER)
        for candidate in fitting
        if candidate.kind is Kind.PROJECT and candidate.key not in known
    ]
    return _ranked(rest, interest)


# ------------------------------------------------------------------------------------------------------------- rank


def _topic_fit(candidate: DigestCandidate, interest: Interest) -> float:
    if not interest.topics or (candidate.kind is Kind.EVENT and not candidate.topics):
        return EVERYTHING
    return max((weight for topic, weight in candidate.topics.items() if topic in interest.topics), default=0.0)


def _region_fit(candidate: DigestCandidate, interest: Interest) -> float:
    near = max((interest.nearness.get(place, 0.0) for place in candidate.places), default=0.0)
    return max(near, 0.6 if candidate.states & interest.states else 0.0)


def _size_fit(candidate: DigestCandidate, interest: Interest) -> float:
    """Return 1 for a municipality as large as theirs, 0 for one a hundred times larger or smaller."""
    if not candidate.population or not interest.population:
        return 0.5
    return max(0.0, 1.0 - abs(log10(candidate.population / interest.population)) / 2.0)


def score(entry: DigestEntry, interest: Interest) -> float:
    """Return the worth of an entry to a subscriber."""
    candidate = entry.candidate
    fit = (
        2.0 * _topic_fit(candidate, interest)
        + 1.5 * _region_fit(candidate, interest)
        + 0.5 * _size_fit(candidate, interest)
    )
    return fit + 0.4 * candidate.quality + PRIOR[entry.why]


def _ranked(entries: Iterable[DigestEntry], interest: Interest) -> list[DigestEntry]:
    """Return entries by worth; each further one of a municipality counts less, so that no place fills a digest."""
    scored = sorted(((score(entry, interest), entry) for entry in entries), key=_by_score)
    seen: Counter[int] = Counter()
    weighed = []
    for points, entry in scored:
        before = max((seen[place] for place in entry.candidate.places), default=0)
        weighed.append((points * SAME_PLACE**before, entry))
        seen.update(entry.candidate.places)
    return [entry for _, entry in sorted(weighed, key=_by_score)]


def _by_score(pair: tuple[float, DigestEntry]) -> tuple[float, str]:
    return -pair[0], pair[1].candidate.key


def _picked(ranked: Sequence[DigestEntry]) -> list[DigestEntry]:
    """Return the first entries, with at most ``AT_MOST`` events, contacts or questions while projects are left."""
    held: list[DigestEntry] = []
    chosen: list[DigestEntry] = []
    counts: Counter[Kind] = Counter()
    for entry in ranked:
        kind = entry.candidate.kind
        counts[kind] += 1
        (held if kind is not Kind.PROJECT and counts[kind] > AT_MOST else chosen).append(entry)
    return [*chosen, *held][:MOST]
