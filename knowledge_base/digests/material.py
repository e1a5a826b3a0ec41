"""The material of digests: records and subscriptions as the rules of ``content`` and ``schedule`` see them.

Here place names become municipalities and words become topics. Built once for a run, used for every subscriber.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from knowledge_base.digests.content import Change, DigestCandidate, Interest, Kind
from knowledge_base.digests.schedule import Schedule
from knowledge_base.model import Contact, Event, Municipality, Project
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search.record_facts import briefness
from knowledge_base.store.digests import News
from knowledge_base.store.open_questions import Asked
from knowledge_base.store.subscriptions import Subscriber, Subscription
from knowledge_base.vocabulary import Vocabulary
from knowledge_base.working_days import is_public_holiday

NEAR, PLACE, STATE = "near:", "place:", "state:"
NEAR_ENOUGH = 1.0  # nearness of a municipality named by the subscriber
WIDER = 0.7  # share of a topic wider than the project's own


class Atlas:
    """Places and topics by their names, for one snapshot of the knowledge."""

    def __init__(self, gazetteer: Gazetteer, vocabulary: Vocabulary) -> None:
        self._gazetteer = gazetteer
        self._vocabulary = vocabulary
        self._row_of_id = {municipality.id: row for row, municipality in enumerate(gazetteer.municipalities)}

    def municipality(self, record_id: str) -> Municipality | None:
        """Return the municipality with this id."""
        row = self._row_of_id.get(record_id)
        return None if row is None else self._gazetteer.municipalities[row]

    def topics(self, raw: Iterable[str]) -> dict[str, float]:
        """Return the ids of a record's topics and of their wider topics."""
        shares: dict[str, float] = {}
        for word in raw:
            if (topic := self._vocabulary.topic_of(word)) is not None:
                for step, wider in enumerate(self._vocabulary.wider(topic.id)):
                    shares[wider] = max(shares.get(wider, 0.0), WIDER**step)
        return shares

    def interest(self, subscription: Subscription, municipality: str) -> Interest:
        """Return the interests of a subscription; ``municipality`` is the id of the subscriber's own."""
        home = self._row_of_id.get(municipality)
        near: dict[int, float] = {}
        for kind, rows in ((word, self._rows(word, home)) for word in subscription.region):
            near |= dict.fromkeys(rows, NEAR_ENOUGH)
            if kind.startswith(NEAR):
                near = {**self._gazetteer.near(rows), **near}
        own = self._gazetteer.municipalities[home] if home is not None else None
        return Interest(
            topics=frozenset(subscription.topics),
            nearness=near,
            states=frozenset(word.removeprefix(STATE) for word in subscription.region if word.startswith(STATE)),
            population=own.population if own else None,
            person=subscription.person_id or "",
        )

    def schedule(self, subscriber: Subscriber) -> Schedule:
        """Return the schedule of a subscription, with the holidays of the subscriber's region."""
        subscription = subscriber.subscription
        country, state = self._state(subscription, subscriber.municipality)
        return Schedule(
            since=subscription.since, weekday=subscription.weekday, hour=subscription.hour,
            paused_until=subscription.paused_until, is_holiday=lambda day: is_public_holiday(day, country, state),
        )  # fmt: skip

    def candidate(self, news: News) -> DigestCandidate:
        """Return a record as a possible entry."""
        record = news.record
        changes = tuple(Change(*change) for change in news.changes)
        if isinstance(record, Municipality):
            raise TypeError("a municipality is no news")
        rows = self._gazetteer.rows_named(record.municipality) if record.municipality else ()
        own = [self._gazetteer.municipalities[row] for row in rows]
        return DigestCandidate(
            kind=Kind(news.kind.value),
            id=record.id,
            topics=self.topics(record.topics),
            places=frozenset(rows),
            states=frozenset(municipality.state for municipality in own if municipality.state),
            population=max((municipality.population for municipality in own if municipality.population), default=None),
            quality=1.0 - briefness(record) if isinstance(record, Project) else 0.5,
            changes=changes,
            starts=day_of(record.start) if isinstance(record, Event) else None,
        )

    def question(self, asked: Asked) -> DigestCandidate:
        """Return an open question as a possible entry."""
        return DigestCandidate(
            kind=Kind.QUESTION, id=str(asked.number), topics=self.topics(asked.topics), askers=asked.askers
        )

    def _rows(self, word: str, home: int | None) -> Sequence[int]:
        kind, _, name = word.partition(":")
        if f"{kind}:" == STATE:
            return ()
        if not name:
            return (home,) if home is not None else ()
        return self._gazetteer.rows_named(name)

    def _state(self, subscription: Subscription, municipality: str) -> tuple[str, str]:
        """Return country and state of the municipality, else of the one region that was chosen."""
        own = self.municipality(municipality)
        if own is None:
            named = [
                self._gazetteer.municipalities[row] for word in subscription.region for row in self._rows(word, None)
            ]
            states = {(place.country, place.state) for place in named}
            states |= {("DE", word.removeprefix(STATE)) for word in subscription.region if word.startswith(STATE)}
            return states.pop() if len(states) == 1 else ("DE", "")
        return own.country, own.state


class Material(NamedTuple):
    """All possible entries at a revision of the knowledge."""

    candidates: tuple[DigestCandidate, ...]
    records: dict[str, Project | Contact | Event | Asked]  # by key
    revision: int


def gather(atlas: Atlas, news: Iterable[News], revision: int, questions: Iterable[Asked] = ()) -> Material:
    """Return the material of changes and of the present knowledge; contacts only while one can be asked."""
    candidates: list[DigestCandidate] = []
    records: dict[str, Project | Contact | Event | Asked] = {}
    for stored in news:
        if isinstance(stored.record, Municipality) or (
            isinstance(stored.record, Contact) and not stored.record.reachable
        ):
            continue
        candidate = atlas.candidate(stored)
        candidates.append(candidate)
        records[candidate.key] = stored.record
    for asked in questions:
        candidate = atlas.question(asked)
        candidates.append(candidate)
        records[candidate.key] = asked
    return Material(tuple(candidates), records, revision)


def day_of(moment: str) -> date | None:
    """Return the day of an ISO 8601 date or date-time; ``None`` for other text."""
    try:
        return datetime.fromisoformat(moment).date() if len(moment) > 10 else date.fromisoformat(moment)
    except ValueError:
        return None
