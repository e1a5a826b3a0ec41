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
_CLAUSE_ENDS = re.compile(r"[,;:.?!–—\n]|\s-\s")


@dataclass(frozen=True, slots=True)
class PlaceRoles:
    """The places of a question by role, each in order."""

    at: tuple[Mention, ...]  # looked for
    near: tuple[Mention, ...]  # wanted are projects near it
    without: tuple[Mention, ...]  # left out
    own: tuple[Mention, ...]  # the asker's own place; they look elsewhere
    partner: tuple[Mention, ...]  # the country of a municipality's partners


def place_roles(text: str, words: Sequence[Word], mentions: Sequence[Mention], role: bool) -> PlaceRoles:
    """Return the places by role; with ``role``, the question is for the one responsible.

    "bei" and "um" mean "at" there. An asker who names their place and asks for "near us" means all places so. A place
    that only continues a list has the role of the list.
    """
    folded = " ".join(word.folded for word in words)
    nearby = bool(phrases.NEARBY.search(folded))
    roles: dict[str, list[Mention]] = {"at": [], "near": [], "without": [], "own": [], "partner": []}
    kind, before = "at", None
    for mention in mentions:
        head = " ".join(word.folded for word in words[: mention.first])
        said = "near" if nearby else _said(head, role, mention)
        if said or before is None or not _continues(words[before.last : mention.first]):
            kind = said or ("own" if _own(text, words, mention) else "at")
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


def _own(text: str, words: Sequence[Word], mention: Mention) -> bool:
    """Return whether a place is only the asker's own: "wir in Cottbus suchen …, wer hat …?", "I'm from Guben".

    "Was machen wir in Cottbus?" still asks for Cottbus: with a bare "we in …" the question has to seek, or to stand in
    another clause. An asker who names their place and then asks for projects "here" means that place.
    """
    clauses = list(_clauses(text))
    first, last = words[mention.first].start, words[mention.last - 1].end
    number = next(n for n, (start, end) in enumerate(clauses) if start <= first < end)
    head = _folded(words, clauses[number][0], first)
    tail = _folded(words, last, clauses[number][1])
    others = [_folded(words, *clause) for n, clause in enumerate(clauses) if n != number]
    if any(phrases.HERE.search(other) for other in others):
        return False
    if _ends_with(phrases.I_AM, head) or phrases.SEEKS.match(tail):
        return True
    if not _ends_with(phrases.WE_ARE, head):
        return False
    asked_here = phrases.WHO.search(f"{head} {tail}") or phrases.ASKS.search(f"{head} {tail}")
    return bool(phrases.SEEKING.search(tail) or (not asked_here and any(map(phrases.WHO.search, others))))


def _clauses(text: str) -> Iterator[tuple[int, int]]:
    """Yield begin and end of each clause of a text, without gaps."""
    start = 0
    for match in _CLAUSE_ENDS.finditer(text):
        yield start, match.end()
        start = match.end()
    yield start, len(text) + 1


def _folded(words: Sequence[Word], start: int, end: int) -> str:
    return " ".join(word.folded for word in words if start <= word.start and word.end <= end)
