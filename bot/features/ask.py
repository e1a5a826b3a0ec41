"""A question, the next hits, one hit in full; was it useful?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby

from bot.features import Act, Services, Turn, say
from bot.features.events import section
from bot.intents import LAST, Ask
from bot.messages import Choice, Say, Url, Value
from knowledge_base.ingest.personal_data import masked
from knowledge_base.model import Answer, Hit, Project, RecordKind, Understood
from knowledge_base.search.service import LONGEST, Found
from knowledge_base.store.answers import GivenAnswer
from knowledge_base.store.people import ChatContext
from knowledge_base.store.transaction import Transaction
from knowledge_base.vocabulary import bundled

PAGE = 5
NEAREST = 3  # when not sure
CHAIN = 6  # follow-ups that still know what the first question was

EXACTLY = "="  # before an id that could be taken for the number of a hit

NARROWED = {
    "de": {"rural": "nur ländliche", "running": "nur laufende"},
    "en": {"rural": "only rural ones", "running": "only running ones"},
    "pl": {"rural": "tylko wiejskie", "running": "tylko w trakcie"},
}

MORE = Choice(Say("choice.more"), "more")
USEFUL = Choice(Say("choice.useful"), "useful")
USELESS = Choice(Say("choice.useless"), "useless")


async def ask(turn: Turn, intent: Ask, services: Services) -> Act:
    """Answer a question, as a follow-up of the one before where it is one."""
    if not intent.question.strip():
        return say(Say("ask.empty"))
    chain = [*(await _chain(turn, services))[-CHAIN + 1 :], intent.question[:LONGEST]]
    found = await services.search.ask(chain, fallback=turn.person.last_language, limit=PAGE)
    if not found.follows_up:
        chain = chain[-1:]
    return _give(turn, chain, found, start=0)


async def more(turn: Turn, services: Services) -> Act:
    """The next hits of the last question."""
    context = await _context(turn, services)
    if context is None or context.query is None:
        return say(Say("more.nothing_before"))
    chain, start = list(context.query["texts"]), len(context.choices)
    found = await services.search.ask(chain, fallback=turn.person.last_language, limit=PAGE, offset=start)
    if not found.answer.hits:
        return say(Say("more.no_more"))
    return _give(turn, chain, found, start=start, before=context.choices)


async def pick(turn: Turn, number: int, services: Services) -> str | None:
    """The command behind a number that was shown; ``None`` when nothing with this number was."""
    context = await _context(turn, services)
    choices = context.choices if context else ()
    if number == LAST:
        return choices[-1] if choices else None
    return choices[number - 1] if number <= len(choices) else None


async def show(turn: Turn, which: str, services: Services) -> Act:
    """One project in full: by id, or by its number in what was shown last."""
    if which.isdecimal() and len(which) < 4:
        which = (await pick(turn, int(which), services) or which).removeprefix("show ")
    which = which.removeprefix(EXACTLY)
    async with services.store.read() as tx:
        stored = await tx.records.get(RecordKind.PROJECT, which)
    if stored is None or not isinstance(stored.record, Project):
        return say(Say("show.not_found"))
    return say(_full(stored.record))


def show_command(project_id: str) -> str:
    """The command that shows this project, whatever its id looks like."""
    exactly = EXACTLY if project_id.isdecimal() or project_id.startswith(EXACTLY) else ""
    return f"show {exactly}{project_id}"


async def rate(turn: Turn, useful: bool, answer_id: str, services: Services) -> Act:
    """Note whether an answer helped; without an id, the last one."""
    if not answer_id:
        context = await _context(turn, services)
        answer_id = (context.answer_id if context else None) or ""

    async def act(tx: Transaction) -> Say:
        if not answer_id or await tx.answers.shown(answer_id) is None:
            return Say("rate.nothing")
        await tx.answers.rate(answer_id, turn.person.id, useful)
        return Say("rate.useful" if useful else "rate.useless")

    return act


async def _context(turn: Turn, services: Services) -> ChatContext | None:
    async with services.store.read() as tx:
        return await tx.people.context(turn.context_key, younger_than=services.context_lasts)


async def _chain(turn: Turn, services: Services) -> list[str]:
    context = await _context(turn, services)
    if context is None or context.query is None:
        return []
    texts: list[str] = list(context.query["texts"])
    if not turn.replaces:
        return texts
    return texts[:-1] if context.answer_id == turn.replaces else []  # an edit follows what its question followed


def _give(turn: Turn, chain: list[str], found: Found, *, start: int, before: Sequence[str] = ()) -> Act:
    """Store what the answer shows, and say it."""
    answer = found.answer
    hits = shown_hits(answer)
    commands = [*before, *(show_command(hit.project.id) for hit in hits)]

    async def act(tx: Transaction) -> Say:
        number = None
        if not (answer.answered or answer.events):
            text = masked(answer.question)
            number = await tx.answers.not_answered(text, _folded(text), answer.language)
        await tx.people.spoke(turn.person.id, answer.language)
        await tx.answers.add(
            GivenAnswer(
                id=turn.reply_id,
                channel=turn.inbound.address.channel,
                event_id=turn.inbound.reference,
                sure=answer.answered or bool(answer.events),
                language=answer.language,
                shown=tuple(hit.project.id for hit in hits),
                unanswered=number,
            )
        )
        await tx.people.remember(turn.context_key, {"texts": chain}, turn.reply_id, commands)
        return told(answer, turn.person.language or answer.language, start, filters=turn.buttons)

    return act


def _folded(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def by_municipality(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Hits of one municipality together, in the order of the best of each: as an answer to "who" shows a page."""
    first: dict[str, int] = {}
    for number, hit in enumerate(hits):
        first.setdefault(hit.project.municipality, number)
    return tuple(sorted(hits, key=lambda hit: first[hit.project.municipality]))


def shown_hits(answer: Answer) -> tuple[Hit, ...]:
    """The hits of a page in the order in which they are shown; when not sure, the nearest.

    Beside events only where the question names more than a kind of event.
    """
    if answer.events and not (answer.answered and _names_something(answer.understood)):
        return ()
    hits = answer.hits or answer.near[:NEAREST]
    return by_municipality(hits) if answer.understood.who else tuple(hits)


def _names_something(read: Understood) -> bool:
    return any((read.topics, read.municipalities, read.states, read.near, read.rounds))


def told(answer: Answer, language: str, start: int = 0, *, filters: bool = False) -> Say:
    """An answer as something to say, in its language: the events asked for, then the projects.

    ``start`` is how many hits earlier pages of it showed; ``filters`` offers to narrow the question down.
    """
    hits = shown_hits(answer)
    if not answer.events:
        return _projects(answer, hits, language, start, filters)
    projects = _projects(answer, hits, language, start, filters) if hits else None
    values: dict[str, Value] = {
        "events": section(answer.events, language),
        "projects": replace(projects, choices=()) if projects else "",
    }
    return Say("ask.events", values, projects.choices if projects else (USEFUL, USELESS), language)


def _projects(answer: Answer, hits: Sequence[Hit], language: str, start: int, filters: bool) -> Say:
    read = _understood(answer.understood, language)
    values: dict[str, Value] = {
        "understood": Say("ask.understood", {"parts": read}) if read else "",
        "hits": _grouped(hits, answer.understood.who, language, start),
    }
    choices = [_choice(hit.project) for hit in hits]
    if not answer.answered:
        return Say("ask.not_sure" if hits else "ask.nothing", values, tuple(choices), language)
    shown = start + len(hits)
    if answer.total > shown:
        choices.append(MORE)
    if filters and answer.total > 1:
        choices += _filters(answer.understood, language)
    values |= {"count": answer.total, "first": start + 1, "last": shown}
    return Say("ask.more" if start else "ask.found", values, (*choices, USEFUL, USELESS), language)


def _choice(project: Project) -> Choice:
    return Choice(Say("choice.show", {"title": project.title}), show_command(project.id), numbered=True)


def _filters(read: Understood, language: str) -> list[Choice]:
    """Follow-up questions that narrow this one down, as far as it says nothing about it yet."""
    open_ones = ([] if read.rural else ["rural"]) + ([] if read.status else ["running"])
    return [Choice(Say(f"choice.{name}"), f"ask {NARROWED[language][name]}") for name in open_ones]


def _understood(read: Understood, language: str) -> tuple[Say, ...]:
    """What was read out of the question beyond its words."""
    vocabulary = bundled()
    words = [vocabulary.label(topic, language) for topic in read.topics]
    words += [*read.municipalities, *read.states, *read.rounds, *(str(year) for year in read.years)]
    parts = [Say("understood.word", {"word": word}) for word in words]
    parts += [Say("understood.near", {"place": place}) for place in read.near]
    parts += [Say(f"understood.{status}") for status in read.status]
    return (*parts, Say("understood.rural")) if read.rural else tuple(parts)


def _grouped(hits: Sequence[Hit], who: bool, language: str, start: int) -> tuple[Say, ...]:
    """The hits, numbered on; under their municipality when the question asks who."""
    numbered = list(enumerate(hits, start=start + 1))
    if not who:
        entries = tuple(entry(hit, language, place=True) for hit in hits)
        return (Say("ask.list", {"start": start + 1, "entries": entries}),) if hits else ()
    groups = []
    for name, members in groupby(numbered, key=lambda pair: pair[1].project.municipality):
        group = list(members)
        entries = tuple(entry(hit, language, place=False) for _, hit in group)
        groups.append(Say("ask.group", {"municipality": name, "start": group[0][0], "entries": entries}))
    return tuple(groups)


def entry(hit: Hit, language: str, *, place: bool) -> Say:
    project = hit.project
    facts = [project.municipality if place else "", project.status, project.funding_round]
    values: dict[str, Value] = {
        "title": project.title,
        "facts": " · ".join(fact for fact in facts if fact),
        "why": hit.why,
        "role": Say("ask.role", {"role": hit.contact_role}) if hit.contact_role else "",
        "url": Url(project.url) if project.url else "",
    }
    return Say("ask.entry" if project.lang == language else "ask.entry_original", values)


def _full(project: Project) -> Say:
    """Everything about a project that is public; a field without a value says nothing."""
    fields = ("municipality", "kind", "status", "period", "funding_round", "funding", "transferability", "contact_role")
    facts = [(name, getattr(project, name)) for name in fields]
    return Say(
        "show.project",
        {
            "title": project.title,
            "text": project.text,
            "facts": tuple(Say(f"show.{name}", {"value": value}) for name, value in facts if value),
            "sources": tuple(Say("show.source", {"url": Url(url)}) for url in project.sources or (project.url,) if url),
            "licence": Say("show.licence", {"licence": project.licence}) if project.licence else "",
        },
    )
