"""A hit in a list: two or three lines, each short enough for a terminal of 80 columns. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.commands.search import PROJECT, Show
from bot.features.wording import beginning
from bot.messages import Choice, Reach, Say, Url, Value
from knowledge_base.labels import status_in
from knowledge_base.model import Hit, Project
from knowledge_base.search.record_facts import is_thin
from knowledge_base.translations import Origin, Reading, in_language

_CLAUSE = re.compile(r" \(|[,;] ")  # what stands behind it can wait for the details
TITLE, PLACE, STATUS, WHY = 72, 34, 26, 70  # characters; the details have all of it


def numbered(
    hits: Sequence[Hit], language: str, start: int, *, roles: bool = False, brief: bool = False, ids: bool = False
) -> Say | str:
    """Return hits as a list that is numbered from ``start``; "" if there are none."""
    entries = tuple(entry(hit, language, roles=roles, brief=brief, ids=ids) for hit in hits)
    return Say("ask.list", {"start": start, "entries": entries}) if entries else ""


def entry(hit: Hit, language: str, *, roles: bool = False, brief: bool = False, ids: bool = False) -> Say:
    """Return a hit: title, facts and why it fits.

    ``roles``: the responsible role in place of the reason; ``brief``: neither. ``ids``: with its id, for editors.
    """
    reading = in_language(hit.project, language)
    project = reading.project
    why = "" if brief or roles or is_thin(hit.project) else beginning(_reason(hit, reading), WHY)
    role = project.contact_role if roles else ""
    values: dict[str, Value] = {
        "title": beginning(project.title, TITLE),
        "facts": (*_facts(reading, language), *(_id(project) if ids else ())),
        "why": why,
        "role": Say("ask.role", {"role": beginning(role, WHY)}) if role else "",
    }
    if not why:
        return Say("ask.entry_short", values)
    return Say("ask.entry" if project.lang == language else "ask.entry_original", values)


def choice(project: Project, language: str) -> Choice:
    """Return the choice to see a project in full, by its number in the list."""
    title = in_language(project, language).project.title
    return Choice(Say("choice.show", {"title": title}), Show(PROJECT + project.id), numbered=True)


def _id(project: Project) -> tuple[Say, ...]:
    return (Say("ask.id", {"id": Reach(project.id, linked=False)}),)


def _facts(reading: Reading, language: str) -> tuple[Say, ...]:
    project = reading.project
    place = _place(project)
    status = beginning(_CLAUSE.split(status_in(reading, language))[0], STATUS)
    facts = [Say("ask.place", {"place": place})] if place else []
    facts += [Say("ask.fact", {"fact": status})] if status else []
    facts += [Say(f"ask.{reading.origin}")] if reading.origin is not Origin.ORIGINAL else []
    facts += [Say("ask.link", {"url": Url(project.url, brief=True)})] if project.url else []
    return tuple(facts)


def _place(project: Project) -> str:
    """Return the municipality; of many members as many as fit."""
    if len(project.municipality) <= PLACE or len(project.members) < 2:
        return project.municipality
    names = [project.members[0]]
    while len(names) < len(project.members) and len(" / ".join((*names, project.members[len(names)]))) < PLACE:
        names.append(project.members[len(names)])
    return " / ".join(names) + (" …" if len(names) < len(project.members) else "")


def _reason(hit: Hit, reading: Reading) -> str:
    """Return the passage that matched, or the text that the reader sees if the passage is in another language."""
    passage, seen = hit.why.strip("… "), f"{reading.project.text}\n{reading.project.transferability}"
    same = not reading.project.translations or " ".join(passage.split()) in " ".join(seen.split())
    return hit.why if same else reading.project.text
