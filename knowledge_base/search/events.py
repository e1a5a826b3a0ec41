"""Events that a question asks for: "when is the next meeting?", "gab es einen Workshop in Cottbus?".

Events are few and their words are not those of projects, so they are not in the index. A question asks for them when it
names a kind of event and either says so ("when", "next", "was there") or otherwise names only places and topics. An
event must have all other things that the question names: places, topics, years, words. It is better to find no event
than the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from knowledge_base.language.tokens import stem_all
from knowledge_base.model import Event, Occasion
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.places.words import clean, words_of
from knowledge_base.search.understanding import Query, phrases
from knowledge_base.search.understanding.lexicon import Lexicon

SHOWN = 3


@dataclass(frozen=True, slots=True)
class _Known:
    """The properties of an event that questions may name."""

    event: Event
    meeting: bool
    names: frozenset[str]  # of places
    topics: frozenset[str]
    years: frozenset[int]
    stems: frozenset[str]

    @property
    def when(self) -> str:
        """Return the last day of the event, or the last year that it names, as far as known."""
        return (self.event.end or self.event.start)[:10] or str(max(self.years, default=""))

    def past(self, today: date) -> bool:
        """Return whether the event is certainly over."""
        return bool(self.when) and self.when < today.isoformat()[: len(self.when)]

    def fits(self, query: Query, subject: Sequence[str], topics: frozenset[str]) -> bool:
        """Return whether the event has everything that the question names."""
        read = query.understood
        places = {*read.municipalities, *read.states, *read.near, *read.unknown_places}
        subjects = not subject or topics & self.topics or _stems(subject) & self.stems
        return bool(
            subjects and (not places or places & self.names) and (not read.years or self.years.intersection(read.years))
        )


class Events:
    """The events of a snapshot."""

    def __init__(self, events: Iterable[Event], gazetteer: Gazetteer, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._known = [self._read(event, gazetteer) for event in events]

    def asked_for(self, query: Query, today: date) -> tuple[Occasion, ...]:
        """Return the events that a question asks for, as on ``today``: the next ones first, or the most recent ones."""
        folded = " ".join(word.folded for word in words_of(query.text))
        subject = [word for word in query.subject if not _frames(word)]
        topical = [word for word in query.topical if not _frames(word)]
        plain = not query.understood.who and set(subject) <= set(topical)
        if not phrases.EVENT.search(folded) or not (plain or phrases.OCCASION.search(folded)):
            return ()
        topics = self._topics(" ".join(topical), query.language)
        any_kind = not phrases.MEETING.search(folded)
        fitting = [k for k in self._known if (any_kind or k.meeting) and k.fits(query, subject, topics)]
        over = sorted((k for k in fitting if k.past(today)), key=lambda k: k.when, reverse=True)
        coming = sorted((k for k in fitting if not k.past(today)), key=lambda k: f"{k.when}~")  # a year after its days
        wanted = [*over, *coming] if phrases.BYGONE.search(folded) else [*coming, *over]
        return tuple(Occasion(known.event, known.past(today)) for known in wanted[:SHOWN])

    def _read(self, event: Event, gazetteer: Gazetteer) -> _Known:
        text = clean(f"{event.title}, {event.municipality}, {event.text}")
        words = words_of(text)
        title = " ".join(word.text for word in words_of(event.title) if not _frames(word.text))
        folded = " ".join(word.folded for word in words)
        return _Known(
            event=event,
            meeting=bool(phrases.MEETING.search(folded)),
            names=frozenset(mention.place.name for mention in gazetteer.find(words)),
            topics=self._topics(", ".join((*event.topics, title)), "de"),
            years=frozenset(phrases.years(f"{event.start} {event.end} {text}")),
            stems=_stems([word.text for word in words]),
        )

    def _topics(self, text: str, language: str) -> frozenset[str]:
        return frozenset(mention.topic for mention in self._lexicon.find(words_of(text), language))


def _frames(word: str) -> bool:
    """Return whether a word of the question only shows that it asks for an event."""
    folded = " ".join(part.folded for part in words_of(word))
    return bool(phrases.EVENT.fullmatch(folded) or phrases.OCCASION.fullmatch(folded))


def _stems(words: Sequence[str]) -> frozenset[str]:
    return frozenset(stem_all((word.casefold() for word in words), "de"))
