"""The events that a question asks for, as a short part of an answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from babel.dates import format_date

from bot.features.wording import beginning
from bot.messages import Say, Url
from knowledge_base.model import Event, Occasion

LONGEST = 140  # characters of what is said about an event


def section(events: Sequence[Occasion], language: str) -> Say:
    """Events one below the other, the past ones marked; when all are past, it says so first."""
    entries = tuple(_entry(event, language) for event in events)
    return Say("events.past" if all(event.past for event in events) else "events.some", {"entries": entries})


def _entry(occasion: Occasion, language: str) -> Say:
    event = occasion.event
    facts = [Say("understood.word", {"word": fact}) for fact in (_when(event, language), event.municipality) if fact]
    over = (Say("events.over"),) if occasion.past else ()
    link = (Say("ask.link", {"url": Url(event.url, short=True)}),) if event.url else ()
    values = {
        "title": event.title,
        "facts": (*facts, *over, *link),
        "why": beginning(event.text or event.title, LONGEST),
    }
    return Say("ask.entry" if event.extra.get("lang", "de") == language else "ask.entry_original", values)


def _when(event: Event, language: str) -> str:
    """From when to when, as the language writes it; what cannot be read as a date stays as it is."""
    days = dict.fromkeys(day for moment in (event.start, event.end) if (day := _day(moment, language)))
    named = event.extra.get("when")
    return " – ".join(days) or (named if isinstance(named, str) else "")


def _day(moment: str, language: str) -> str:
    try:
        return format_date(date.fromisoformat(moment[:10]), "long", locale=language)
    except ValueError:
        return moment
