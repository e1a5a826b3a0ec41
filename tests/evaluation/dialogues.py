"""Dialogues to develop with, by writers who saw neither each other's nor the search."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bot.cli.dialogues import Dialogue, Expected, read_dialogues
from bot.features.conversation.outline import Situation
from knowledge_base.model import Project

HERE = Path(__file__).parent
DELETES = re.compile(r"lösch|loesch|delete|erase|usuń|usun|skasu|wykas|wipe|vergiss|forget|remove", re.IGNORECASE)


def writer(dialogue: Dialogue) -> str:
    """Return the first part of the id of a dialogue: its writer."""
    return dialogue.id.partition("-")[0]


def situations(dialogue: Dialogue, projects: Mapping[str, Project]) -> list[Situation]:
    """Return what came before each turn, as if the bot had done all of that right."""
    return [_situation(dialogue.turns[:number], turn, projects) for number, turn in enumerate(dialogue.turns)]


def _situation(before: Sequence[Expected], now: Expected, projects: Mapping[str, Project]) -> Situation:
    pending = False
    for turn in before:
        pending = (
            turn.act == "pass_on"
            or (turn.act == "privacy" and bool(DELETES.search(turn.say)))
            or (pending and turn.act not in ("consent_yes", "consent_no"))
        )
    shown = [projects[i] for turn in before for i in turn.any[:6] if i in projects]
    last = before[-1].act if before else ""
    said = {word.lower() for word in re.findall(r"\w{4,}", now.say)}
    towns = {name.lower() for project in shown for name in (project.municipality, *project.members)}
    titles = [{word.lower() for word in re.findall(r"\w{4,}", project.title)} for project in shown]
    return Situation(
        listed=any(turn.act in ("answer", "not_sure") for turn in before),
        pending=pending,
        unsure=last == "not_sure",
        fresh=not before,
        entry=last in ("detail", "attribute"),
        of_shown=any(town and town in now.say.lower() for town in towns),
        titled=max((len(said & title) / len(said) for title in titles), default=0.0) if said else 0.0,
    )


def development() -> Iterator[Dialogue]:
    """Yield the dialogues of all writers but the one that is held out."""
    for path in sorted(HERE.glob("dialogues_dev*.jsonl")):
        yield from read_dialogues(path)
