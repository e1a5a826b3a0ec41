"""Roles of the places that a question names. Pure.

A place is searched, or near what is searched, or left out. It may also be only the place of the asker, or of their
partners.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge_base.places.gazetteer import Mention
from knowledge_base.places.words import Word
from knowledge_base.search.understanding import phrases

_JOINING = frozenset("und oder sowie bzw and or nor i oraz lub albo ani in aus w we z".split())  # Potsdam und in Guben
_NEIGHBOUR_COUNTRY = "Polen"
_CLAUSE_ENDS = re.compile(r"[,;:?!–—\n]|\.(?!\d)|\s-\s")


@dataclass(frozen=True, slots=True)
class PlaceRoles:
    """The places of a question by role, each in order."""

    at: tuple[Mention, ...]  # looked for
    near: tuple[Mention, ...]  # wanted are projects near it
    without: tuple[Mention, ...]  # left out
    own: tuple[Mention, ...]  # the asker's own place; they look elsewhere
    partner: tuple[Mention, ...]  # the country of a municipality's partners


def place_roles(text: str, words: Sequence[Word], mentions: Sequence[Mention], role: bool, language: str) -> PlaceRoles:
    """Return the places by role; with ``role``, the question is for the one responsible.

    "bei" and "um" mean "at" there. An asker who names their place and asks for "near us" means all places so. A place
    that only continues a list has the role of the list.
    """
    folded = " ".join(word.folded for word in words)
    nearby = bool(phrases.NEARBY.search(folded))
    if phrases.ACROSS.search(folded):
        heads = [" ".join(word.folded for word in words[: mention.first]) for mention in mentions]
        said_near = any(_said(head, role, mention) == "near" for head, mention in zip(heads, mentions, strict=True))
        nearby = nearby or said_near or any(_own(text, words, mention, language) for mention in mentions)
    roles: dict[str, list[Mention]] = {"at": [], "near": [], "without": [], "own": [], "partner": []}
    kind, before = "at", None
    for mention in mentions:
        head = " ".join(word.folded for word in words[: mention.first])
        said = "near" if nearby else _said(head, role, mention)
        if said or before is None or not _continues(words[before.last : mention.first]):
            own = said in ("", "near") and not nearby and _own(text, words, mention, language)
            kind = "own" if own else said or "at"
        roles[kind].append(mention)
        before = mention
    return PlaceRoles(**{name: tuple(mentions) for name, mentions in roles.items()})


def _said(head: str, role: bool, mention: Mention) -> str:
    """Return the role that the words right before a place give it."""
    if mention.place.name == _NEIGHBOUR_COUNTRY and _ends_with(phrases.PARTNER, head):
        return "partner"
    if _ends_with(phrases.WITHOUT, head):
        return "without"
    before = _ends_with(phrases.NEAR, head)
    return "near" if before and not (role and before in {"bei", "um"}) else ""


def _ends_with(pattern: re.Pattern[str], head: str) -> str:
    return next((match.group() for match in pattern.finditer(head) if match.end() == len(head)), "")


def _continues(between: Sequence[Word]) -> bool:
    return all(word.folded in _JOINING for word in between)


def _own(text: str, words: Sequence[Word], mention: Mention, language: str) -> bool:
    """Return whether a place is only the asker's own: "wir in Cottbus suchen …, wer hat …?", "I'm from Guben".

    The clause of the place speaks of the asker, and asks nothing itself: "Was machen wir in Cottbus?" still asks for
    Cottbus, and so does "Ich suche Projekte in Cottbus". An asker who names their place and then asks for projects
    "here" means that place.
    """
    clauses = list(_clauses(text))
    first, last = words[mention.first].start, words[mention.last - 1].end
    number = next(n for n, (start, end) in enumerate(clauses) if start <= first < end)
    head = _folded(words, clauses[number][0], first)
    tail = _folded(words, last, clauses[number][1])
    others = [folded for n, clause in enumerate(clauses) if n != number and (folded := _folded(words, *clause))]
    if any(phrases.HERE.search(other) for other in others) and mention.place.rows:
        return False
    if _ends_with(phrases.I_AM, head) or phrases.SEEKS.match(tail) or (others and phrases.HERE.fullmatch(tail)):
        return True
    if phrases.ASKS.search(head) or phrases.WHO.search(head):
        return False
    if _speaks_of_the_asker(head, language):
        told = phrases.IDENTITY.search(head) and "?" not in text
        return bool(phrases.SEEKING.search(tail) or others or told)
    return bool(others and _ends_with(phrases.OFFICE, head) and not phrases.ASKS.search(tail))


def _speaks_of_the_asker(head: str, language: str) -> bool:
    """Return whether the words before a place tell of the asker, and not of what they look for."""
    persons = [match.end() for match in phrases.PERSON[language].finditer(head)]
    if not persons:
        return False
    told = head[persons[0] :]
    return bool(phrases.INTENDS.fullmatch(told.strip())) or not phrases.SOUGHT.search(told)


def introduction(text: str, words: Sequence[Word], own: Sequence[Mention]) -> frozenset[int]:
    """Return the words with which an asker only says who they are: the rest of the question says what they look for."""
    told: set[int] = set()
    for start, end in _clauses(text):
        inside = [n for n, word in enumerate(words) if start <= word.start and word.end <= end]
        folded = " ".join(words[n].folded for n in inside)
        places = [mention for mention in own if mention.first in inside]
        begins = phrases.IDENTITY.search(folded)
        if not inside or phrases.ASKS.match(folded) or not (places or begins):
            continue
        first = inside[0] if places else inside[0] + folded.count(" ", 0, begins.start() if begins else 0)
        last = places[-1].last if places else inside[0] + folded.count(" ", 0, begins.end() if begins else 0) + 1
        told.update(range(first, last))
        if not phrases.SEEKING.search(" ".join(words[n].folded for n in range(first, last))):
            told.update(_until_sought(words, range(last, inside[-1] + 1)))
    return frozenset(told)


def _until_sought(words: Sequence[Word], numbers: range) -> Iterator[int]:
    """Yield words up to the first that tells what the asker looks for."""
    for number in numbers:
        if phrases.SEEKING.match(words[number].folded) or phrases.SOUGHT.match(words[number].folded):
            return
        yield number


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each clause of a text, without gaps."""
    start = 0
    for match in _CLAUSE_ENDS.finditer(text):
        yield start, match.end()
        start = match.end()
    yield start, len(text) + 1


def _folded(words: Sequence[Word], start: int, end: int) -> str:
    return " ".join(word.folded for word in words if start <= word.start and word.end <= end)
