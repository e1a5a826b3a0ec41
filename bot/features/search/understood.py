"""The line that tells how the search read a question: every condition that limits the answer. Pure."""

from __future__ import annotations

from bot.messages import Say
from knowledge_base.labels import round_in, state_in
from knowledge_base.model import Understood
from knowledge_base.search.understanding.periods import FIRST, LAST
from knowledge_base.vocabulary import bundled


def places(read: Understood) -> tuple[str, ...]:
    """Return the places that an answer is restricted to."""
    return (*read.municipalities, *read.states, *read.unknown_places)


def named_places(read: Understood, language: str) -> tuple[str, ...]:
    """Return the places that an answer is restricted to, as readers of a language name them."""
    return tuple(state_in(place, language) for place in places(read))


def understood(read: Understood, language: str) -> Say | str:
    """Return what the search read out of the question beyond its words; "" if that is nothing."""
    vocabulary = bundled()
    words = [vocabulary.label(topic, language) for topic in read.topics]
    words += [
        *named_places(read, language),
        *(round_in(name, language) for name in read.rounds),
    ]
    parts = [Say("understood.word", {"word": word}) for word in words]
    parts += periods(read)
    parts += [Say("understood.near", {"place": place}) for place in read.near]
    parts += conditions(read)
    parts += [Say("understood.negated", {"words": words}) for words in read.negated]
    parts += [Say("understood.asker", {"place": place}) for place in read.asker[:1]]
    return Say("ask.understood", {"parts": tuple(parts)}) if parts else ""


def conditions(read: Understood) -> list[Say]:
    """Return the conditions that have words of their own: status and kind of municipality."""
    kinds = {"small": read.small, "rural": read.rural and not read.small, "counties": read.counties}
    return [Say(f"understood.{name}") for name in (*read.status, *(kind for kind, asked in kinds.items() if asked))]


def periods(read: Understood) -> list[Say]:
    """Return the periods named as people read them."""
    return [_period(first, last) for first, last in read.periods]


def _period(first: int, last: int) -> Say:
    if last == LAST:
        return Say("understood.since", {"year": str(first)})
    if first == FIRST:
        return Say("understood.before", {"year": str(last + 1)})
    return Say("understood.word", {"word": str(first) if first == last else f"{first}–{last}"})


def missed(read: Understood, condition: str, language: str) -> tuple[Say, ...]:
    """Return the words for a condition that no project meets together with all others."""
    match condition:
        case "rounds":
            return tuple(Say("understood.word", {"word": round_in(name, language)}) for name in read.rounds)
        case "years":
            return tuple(periods(read))
        case "status":
            return tuple(Say(f"understood.{status}") for status in read.status)
    return (Say(f"understood.{condition}"),)
