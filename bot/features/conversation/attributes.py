"""One thing about a record: what it cost, how far it is, when, by which office, with whom, from which source."""

from __future__ import annotations

from datetime import date

from bot.commands.conversation import Attribute
from bot.commands.introductions import Introduce
from bot.commands.search import PROJECT, Show
from bot.context import Act, Serves, Services, Turn
from bot.features.reach import can_ask
from bot.features.search import daily_limit
from bot.features.talk import change
from bot.features.wording import beginning, date_in_words
from bot.messages import Choice, Say, Url, Value
from knowledge_base.labels import round_in, status_in
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import Reading, in_language

KINDS = ("cost", "status", "period", "source", "responsible", "transfer", "partners", "other")
LONGEST = 400  # characters of the text that stands for what no field says


async def attribute(turn: Turn, intent: Attribute, services: Services) -> Act:
    """Say one thing about a record, or that the record does not say it, with what it does say."""

    async def act(tx: Transaction) -> Say:
        stored = await tx.records.get(RecordKind.PROJECT, intent.entry.removeprefix(PROJECT))
        if stored is None or not isinstance(stored.record, Project):
            return Say("show.not_found")
        if turn.no_project:
            return turn.no_project
        project = stored.record
        if services.reader:
            project = (await services.reader.read(tx, [project], turn.language))[project.id]
        await daily_limit.note(tx, turn, services, [project.id])
        await change(tx, turn, services, focus=intent.entry, entry=True)
        introducible = stored.record in services.search.snapshot.introducible
        askable = introducible and await can_ask(tx, services, turn.person.id)
        return said(in_language(project, turn.language), turn.language, intent, askable=askable)

    return act


def said(reading: Reading, language: str, intent: Attribute, *, askable: bool) -> Say:
    """Return the answer: the value with its source; without a value, what the record says, and whom to ask."""
    project = reading.project
    kind = intent.kind if intent.kind in KINDS else "other"
    value = value_of(reading, language, kind)
    values: dict[str, Value] = {
        "title": project.title,
        "town": project.municipality,
        "value": value,
        "text": "" if value else beginning(project.text, LONGEST),
        "source": Say("ask.link", {"url": Url(project.url, short=True)}) if project.url and kind != "source" else "",
        "sources": tuple(Say("show.source", {"url": Url(url, short=True)}) for url in _sources(project)),
    }
    choices = [Choice(Say("choice.show", {"title": project.title}), Show(intent.entry))]
    if askable:
        choices.append(Choice(Say("choice.intro.this"), Introduce(intent.entry)))
    known = bool(_sources(project)) if kind == "source" else bool(value)
    return Say(f"attribute.{kind}" if known else f"attribute.no_{kind}", values, tuple(choices), language)


def value_of(reading: Reading, language: str, kind: str) -> str:
    """Return what the fields of a project say; empty where they say nothing."""
    project = reading.project
    match kind:
        case "cost":
            return "; ".join(filter(None, (project.funding, round_in(project.funding_round, language))))
        case "status":
            label = status_in(reading, language)
            said = f"{label} ({project.status})" if label != project.status and project.status else label
            return "; ".join(filter(None, (said, project.period, _as_of(project, language))))
        case "period":
            return "; ".join(filter(None, (project.period, _as_of(project, language))))
        case "responsible":
            return project.contact_role
        case "transfer":
            return project.transferability
    return ""


def _as_of(project: Project, language: str) -> str:
    """Return the day of the information, as a date in words."""
    return date_in_words(date.fromisoformat(project.as_of), language) if project.as_of else ""


def _sources(project: Project) -> tuple[str, ...]:
    return tuple(url for url in project.sources or (project.url,) if url)


SERVES: Serves = {Attribute: attribute}
