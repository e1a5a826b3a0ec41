"""Answers as something to say: who, what was understood, the hits of a page, and where to go from here. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.features.search import at_a_glance, next_steps
from bot.features.search.events import section
from bot.features.search.hits import choice, numbered
from bot.features.search.understood import missed, named_places, places, understood
from bot.messages import Say, Value
from knowledge_base.model import Answer, Hit, NamedPlace
from knowledge_base.search.record_facts import is_thin

NEAREST = 3  # when not sure
FEW = 3  # towns that the first line names anyway


def by_municipality(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Hits of one municipality together, in the order of the best of each: as an answer to "who" shows a page."""
    first: dict[str, int] = {}
    for number, hit in enumerate(hits):
        first.setdefault(hit.project.municipality, number)
    return tuple(sorted(hits, key=lambda hit: first[hit.project.municipality]))


def shown_hits(answer: Answer) -> tuple[Hit, ...]:
    """Return the hits of a page in the order in which they are shown, then what other places have.

    When not sure, the nearest; none beside a list of names. Beside events only where the question names more than a
    kind of event.
    """
    if is_overview(answer):
        return ()
    return (*_shown(answer, answer.hits), *_theirs(answer)) or _shown(answer, answer.near[:NEAREST])


def is_overview(answer: Answer) -> bool:
    """Return whether the answer is a list of names: the question asks for all, and they are more than a few."""
    return answer.answered and answer.understood.names and len(answer.overview.towns) > FEW and not answer.events


def one_by_one(answer: Answer) -> Answer:
    """Return the answer with its projects instead of a list of names."""
    return replace(answer, understood=replace(answer.understood, names=False))


def without_introductions(answer: Answer) -> Answer:
    """Return the answer to a person who cannot ask for a contact."""
    hits, near = (tuple(replace(hit, can_introduce=False) for hit in part) for part in (answer.hits, answer.near))
    return replace(answer, hits=hits, near=near)


def listing(
    answer: Answer, language: str, start: int = 0, *, filters: bool = False, noted: bool = False, ids: bool = False
) -> Say:
    """Return an answer as something to say, in its language: the events asked for, then the projects.

    ``start`` is how many hits earlier pages of it showed, or, if nothing is sure, how many numbers are taken.
    ``filters``: the reader has buttons, so offer to narrow the question down and to rate the answer. ``noted``: if it
    found nothing, editors will see the question. ``ids``: the reader is an editor.
    """
    hits = shown_hits(answer)
    if is_overview(answer):
        return _overview(answer, language)
    if not (answer.answered or answer.events):
        return _refused(answer, hits, language, noted, start, ids=ids)
    if not answer.events:
        return _projects(answer, hits, language, start, filters, ids=ids)
    projects = _projects(answer, hits, language, start, filters, ids=ids) if hits else None
    values: dict[str, Value] = {
        "events": section(answer.events, language),
        "projects": replace(projects, choices=()) if projects else "",
    }
    return Say("ask.events", values, projects.choices if projects else (), language)


def _projects(answer: Answer, hits: Sequence[Hit], language: str, start: int, filters: bool, *, ids: bool) -> Say:
    theirs = _theirs(answer)
    own = hits[: len(hits) - len(theirs)]
    shown = start + len(own)
    roles = answer.understood.role
    elsewhere = numbered(theirs, language, shown + 1, brief=True, ids=ids)
    values: dict[str, Value] = {
        "who": at_a_glance.who(answer),
        "understood": understood(answer.understood, language),
        "hits": _compared(answer, own, language, start + 1, ids=ids)
        if _compares(answer)
        else numbered(own, language, start + 1, roles=roles, ids=ids),
        "elsewhere": Say("ask.elsewhere", {"hits": elsewhere}) if elsewhere else "",
        "next": "" if filters or start else Say("ask.next"),
        "count": len(own) if start else answer.total,
        "total": answer.total,
        "first": start + 1,
        "last": shown,
    }
    choices = [choice(hit.project, language) for hit in hits]
    choices += [next_steps.MORE] if answer.total > shown else []
    choices += next_steps.introductions(hits, start + 1, buttons=filters)
    if filters:
        choices += next_steps.narrower(answer.understood, language) if answer.total > 1 else []
    if not start:
        choices += next_steps.follow(answer, language)
    choices += [next_steps.USEFUL, next_steps.USELESS] if filters else []
    if _only_thin(answer) and not start:
        values["known"] = at_a_glance.model_project(answer.places[0], language)
        del values["count"]
    return Say(_found_key(answer, start), values, tuple(choices), language)


def _found_key(answer: Answer, start: int) -> str:
    if start:
        return "ask.more"
    if _only_thin(answer):
        return "ask.only_name"
    return "ask.compared" if _compares(answer) else "ask.found"


def _only_thin(answer: Answer) -> bool:
    """Return whether the hits only say that the one place asked for is a model project."""
    return bool(
        len(answer.places) == 1 and answer.places[0].rounds and all(is_thin(hit.project) for hit in answer.hits)
    )


def _compares(answer: Answer) -> bool:
    """Return whether places stand side by side: the question names several that the knowledge base knows."""
    return len(answer.places) > 1 and answer.answered


def _compared(answer: Answer, hits: Sequence[Hit], language: str, start: int, *, ids: bool) -> tuple[Say, ...]:
    """Return the hits of each place under its name, also for one that has none, numbered on."""
    groups = []
    for place, members in _by_place(answer, hits):
        if members:
            entries = numbered(members, language, start, roles=answer.understood.role, ids=ids)
            groups.append(Say("ask.group", {"municipality": place.name, "entries": entries}))
        elif not place.hits:
            others = at_a_glance.known([place], language)
            groups.append(Say("ask.group_empty", {"municipality": place.name, "known": others}))
        start += len(members)
    return tuple(groups)


def _overview(answer: Answer, language: str) -> Say:
    said = at_a_glance.names(answer, language)
    values: dict[str, Value] = {**said.values, "understood": understood(answer.understood, language)}
    return Say(said.key, values, (next_steps.MORE, *next_steps.follow(answer, language)), language)


def _refused(answer: Answer, hits: Sequence[Hit], language: str, noted: bool, start: int, *, ids: bool) -> Say:
    """Having no answer, and the nearest instead."""
    words = _refusal(answer, hits)
    there = words.key == "ask.only_elsewhere"
    read = answer.understood
    values: dict[str, Value] = {
        "understood": understood(read, language),
        "hits": numbered(hits, language, start + 1, roles=read.role, brief=not hits or not hits[0].elsewhere, ids=ids),
        "places": ", ".join(named_places(read, language)),
        "known": at_a_glance.known(answer.places, language),
        "noted": (Say("ask.noted_there") if there else Say("ask.noted")) if noted else "",
        "missed": tuple(part for name in answer.missed for part in missed(read, name, language)),
    }
    choices = (*(choice(hit.project, language) for hit in hits), *next_steps.nearby(read, language))
    return replace(words, values=values, choices=choices, language=language)


def _refusal(answer: Answer, hits: Sequence[Hit]) -> Say:
    """The words for having no answer: with these conditions, of the place asked for, or at all."""
    if hits and answer.missed:
        return Say("ask.only_larger") if answer.missed == ("small",) else Say("ask.only_without")
    if any(hit.elsewhere for hit in hits):
        return Say("ask.only_elsewhere")
    nearest = Say("ask.not_sure_there") if places(answer.understood) else Say("ask.not_sure")
    return nearest if hits else Say("ask.nothing")


def _theirs(answer: Answer) -> tuple[Hit, ...]:
    """Return answers of other places than the one asked for."""
    theirs = tuple(hit for hit in answer.near if hit.elsewhere)[:NEAREST]
    return theirs if not answer.events or _also_projects(answer) else ()


def _shown(answer: Answer, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    if answer.events and not _also_projects(answer):
        return ()
    if _compares(answer):
        return tuple(hit for _, members in _by_place(answer, hits) for hit in members)
    return by_municipality(hits) if answer.understood.who else tuple(hits)


def _by_place(answer: Answer, hits: Sequence[Hit]) -> list[tuple[NamedPlace, tuple[Hit, ...]]]:
    """Return the places named with their hits, each hit once."""
    left, groups = list(hits), []
    for place in answer.places:
        groups.append((place, tuple(hit for hit in left if hit.project.id in place.hits)))
        left = [hit for hit in left if hit.project.id not in place.hits]
    place, first = groups[0]
    return [(place, (*first, *left)), *groups[1:]]


def _also_projects(answer: Answer) -> bool:
    """Return whether a question for events names more than a kind of event."""
    read = answer.understood
    return answer.answered and any((read.topics, *places(read), read.near, read.rounds))
