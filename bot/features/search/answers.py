"""Answers as something to say: hits under their municipalities, what was understood, one project in full. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from itertools import groupby

from bot.commands.introductions import Introduce
from bot.commands.ratings import Rate
from bot.commands.search import PROJECT, Ask, More, Show
from bot.features.search.events import section
from bot.features.wording import beginning, date_in_words, facts_of, origin_of
from bot.messages import Choice, Say, Url, Value
from knowledge_base.labels import kind_in, licence_in, round_in, state_in, status_in
from knowledge_base.model import Answer, Hit, Project, Understood
from knowledge_base.translations import Reading, in_language
from knowledge_base.vocabulary import bundled

NEAREST = 3  # when not sure
WHOLE = 2  # entries of a list with more than title and facts
WHY = 110  # characters of the reason in a list
OLD = timedelta(days=2 * 365)  # facts of this age are shown with their date
NARROWED = {
    "de": {"rural": "nur ländliche", "running": "nur laufende"},
    "en": {"rural": "only rural ones", "running": "only running ones"},
    "pl": {"rural": "tylko wiejskie", "running": "tylko w trakcie"},
}

MORE = Choice(Say("choice.more"), More())
USEFUL = Choice(Say("choice.useful"), Rate(True))
USELESS = Choice(Say("choice.useless"), Rate(False))


def by_municipality(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """Hits of one municipality together, in the order of the best of each: as an answer to "who" shows a page."""
    first: dict[str, int] = {}
    for number, hit in enumerate(hits):
        first.setdefault(hit.project.municipality, number)
    return tuple(sorted(hits, key=lambda hit: first[hit.project.municipality]))


def shown_hits(answer: Answer) -> tuple[Hit, ...]:
    """The hits of a page in the order in which they are shown, then what other places have; when not sure, the nearest.

    Beside events only where the question names more than a kind of event.
    """
    return (*_shown(answer, answer.hits), *_theirs(answer)) or _shown(answer, answer.near[:NEAREST])


def without_introductions(answer: Answer) -> Answer:
    """Return the answer to a person who cannot ask for a contact."""
    hits, near = (tuple(replace(hit, can_introduce=False) for hit in part) for part in (answer.hits, answer.near))
    return replace(answer, hits=hits, near=near)


def _theirs(answer: Answer) -> tuple[Hit, ...]:
    """Answers of other places than the one asked for."""
    return _shown(answer, [hit for hit in answer.near if hit.elsewhere][:NEAREST])


def _shown(answer: Answer, hits: Sequence[Hit]) -> tuple[Hit, ...]:
    if answer.events and not (answer.answered and _names_something(answer.understood)):
        return ()
    return by_municipality(hits) if answer.understood.who else tuple(hits)


def _names_something(read: Understood) -> bool:
    return any((read.topics, *_places(read), read.near, read.rounds))


def _places(read: Understood) -> tuple[str, ...]:
    """The places that an answer is restricted to."""
    return (*read.municipalities, *read.states, *read.unknown_places)


def _named_places(read: Understood, language: str) -> tuple[str, ...]:
    """The places that an answer is restricted to, as readers of a language name them."""
    return tuple(state_in(place, language) for place in _places(read))


def listing(answer: Answer, language: str, start: int = 0, *, filters: bool = False, noted: bool = False) -> Say:
    """Return an answer as something to say, in its language: the events asked for, then the projects.

    ``start`` is how many hits earlier pages of it showed; ``filters`` offers to narrow the question down; ``noted``:
    if it found nothing, editors will see the question.
    """
    hits = shown_hits(answer)
    if not (answer.answered or answer.events):
        return _refused(answer, hits, language, noted)
    if not answer.events:
        return _projects(answer, hits, language, start, filters)
    projects = _projects(answer, hits, language, start, filters) if hits else None
    values: dict[str, Value] = {
        "events": section(answer.events, language),
        "projects": replace(projects, choices=()) if projects else "",
    }
    return Say("ask.events", values, projects.choices if projects else (USEFUL, USELESS), language)


def _projects(answer: Answer, hits: Sequence[Hit], language: str, start: int, filters: bool) -> Say:
    who, theirs = answer.understood.who, _theirs(answer)
    own = hits[: len(hits) - len(theirs)]
    shown = start + len(own)
    elsewhere = _grouped(theirs, who, language, shown)
    values: dict[str, Value] = {
        "understood": _understood(answer.understood, language),
        "hits": _grouped(own, who, language, start),
        "elsewhere": Say("ask.elsewhere", {"hits": elsewhere}) if elsewhere else "",
        "count": len(own) if start else answer.total,
        "total": answer.total,
        "first": start + 1,
        "last": shown,
    }
    choices = [_choice(hit.project, language) for hit in hits]
    if answer.total > shown:
        choices.append(MORE)
    if filters and answer.total > 1:
        choices += _filters(answer.understood, language)
    introductions = _introductions(hits, start, buttons=filters)
    return Say("ask.more" if start else "ask.found", values, (*choices, *introductions, USEFUL, USELESS), language)


def _refused(answer: Answer, hits: Sequence[Hit], language: str, noted: bool) -> Say:
    """Having no answer, and the nearest instead."""
    words = _refusal(answer, hits)
    there = words.key == "ask.only_elsewhere"
    values: dict[str, Value] = {
        "understood": _understood(answer.understood, language),
        "hits": _grouped(hits, answer.understood.who, language, 0),
        "places": ", ".join(_named_places(answer.understood, language)),
        "noted": (Say("ask.noted_there") if there else Say("ask.noted")) if noted else "",
    }
    return replace(
        words, values=values, choices=tuple(_choice(hit.project, language) for hit in hits), language=language
    )


def _refusal(answer: Answer, hits: Sequence[Hit]) -> Say:
    """The words for having no answer: of the place asked for, or at all."""
    if any(hit.elsewhere for hit in hits):
        return Say("ask.only_elsewhere")
    nearest = Say("ask.not_sure_there") if _places(answer.understood) else Say("ask.not_sure")
    return nearest if hits else Say("ask.nothing")


def _introductions(hits: Sequence[Hit], start: int, *, buttons: bool) -> list[Choice]:
    """Return the choice to ask for a contact: typed by the number of the hit, as a button by its project."""
    askable = [(number, hit.project.id) for number, hit in enumerate(hits, start=start + 1) if hit.can_introduce]
    label = "choice.intro.ask"
    return [
        Choice(Say(label, {"number": number}), Introduce(PROJECT + project) if buttons else Introduce(number=number))
        for number, project in askable
    ]


def _choice(project: Project, language: str) -> Choice:
    title = in_language(project, language).project.title
    return Choice(Say("choice.show", {"title": title}), Show(PROJECT + project.id), numbered=True)


def _filters(read: Understood, language: str) -> list[Choice]:
    """Follow-up questions that narrow this one down, as far as it says nothing about it yet."""
    open_ones = ([] if read.rural else ["rural"]) + ([] if read.status else ["running"])
    return [Choice(Say(f"choice.{name}"), Ask(NARROWED[language][name])) for name in open_ones]


def _understood(read: Understood, language: str) -> Say | str:
    """What was read out of the question beyond its words; "" where that is nothing."""
    vocabulary = bundled()
    words = [vocabulary.label(topic, language) for topic in read.topics]
    rounds = (round_in(funding_round, language) for funding_round in read.rounds)
    words += [*_named_places(read, language), *rounds, *(str(year) for year in read.years)]
    parts = [Say("understood.word", {"word": word}) for word in words]
    parts += [Say("understood.near", {"place": place}) for place in read.near]
    parts += [Say(f"understood.{status}") for status in read.status]
    kinds = {"rural": read.rural, "counties": read.counties}
    parts += [Say(f"understood.{kind}") for kind, asked in kinds.items() if asked]
    return Say("ask.understood", {"parts": tuple(parts)}) if parts else ""


def _grouped(hits: Sequence[Hit], who: bool, language: str, start: int) -> tuple[Say, ...]:
    """The hits, numbered on; under their municipality when the question asks who."""
    numbered = list(enumerate(hits, start=start + 1))
    if not who:
        entries = tuple(entry(hit, language, place=True, whole=at <= start + WHOLE) for at, hit in numbered)
        return (Say("ask.list", {"start": start + 1, "entries": entries}),) if hits else ()
    groups = []
    for name, members in groupby(numbered, key=lambda pair: pair[1].project.municipality):
        group = list(members)
        entries = tuple(entry(hit, language, place=False, whole=at <= start + WHOLE) for at, hit in group)
        groups.append(Say("ask.group", {"municipality": name, "start": group[0][0], "entries": entries}))
    return tuple(groups)


def entry(hit: Hit, language: str, *, place: bool, whole: bool) -> Say:
    """A hit in a list: on a phone, one and a half screens show five; ``whole``: with why it fits, and who answers."""
    reading = in_language(hit.project, language)
    project, origin = reading.project, origin_of(reading, language)
    facts = [Say("ask.fact", {"fact": fact}) for fact in facts_of(reading, language, place=place)]
    facts += [origin] if isinstance(origin, Say) and reading.is_translated else []
    facts += [Say("ask.link", {"url": Url(project.url, short=True)})] if project.url else []
    values: dict[str, Value] = {
        "title": project.title,
        "facts": tuple(facts),
        "why": beginning(_reason(hit, reading), WHY),
        "role": Say("ask.role", {"role": project.contact_role}) if project.contact_role else "",
    }
    if not whole:
        return Say("ask.entry_short", values)
    return Say("ask.entry" if project.lang == language else "ask.entry_original", values)


def _reason(hit: Hit, reading: Reading) -> str:
    """Return the passage that matched, or the text that the reader sees if the passage is in another language."""
    passage, seen = hit.why.rstrip("…"), f"{reading.project.text}\n{reading.project.transferability}"
    same = not reading.project.translations or " ".join(passage.split()) in " ".join(seen.split())
    return hit.why if same else reading.project.text


def in_full(reading: Reading, language: str, today: date) -> Say:
    """Return everything about a project that is public; a field without a value says nothing."""
    project = reading.project
    fields = ("municipality", "kind", "status", "period", "funding_round", "funding", "transferability", "contact_role")
    values = {name: getattr(project, name) for name in fields}
    values |= {"kind": kind_in(project.kind, language), "funding_round": round_in(project.funding_round, language)}
    if (label := status_in(reading, language)) != project.status:
        values["status"] = f"{label} ({project.status})"
    facts = tuple(Say(f"show.{name}", {"value": value}) for name, value in values.items() if value)
    licence = licence_in(project.licence, language)
    return Say(
        "show.project",
        {
            "title": project.title,
            "origin": origin_of(reading, language),
            "text": project.text,
            "facts": (*facts, *_old_dates(project, language, today)),
            "sources": tuple(
                Say("show.source", {"url": Url(url, short=True)}) for url in project.sources or (project.url,) if url
            ),
            "licence": Say("show.licence", {"licence": licence}) if licence else "",
        },
    )


def _old_dates(project: Project, language: str, today: date) -> tuple[Say, ...]:
    """Return one line with those dates of a project's facts that are older than two years."""
    dates = {name: value for name in ("as_of", "checked") if (value := getattr(project, name))}
    old = {name: when for name, value in dates.items() if (when := date.fromisoformat(value)) < today - OLD}
    values: dict[str, Value] = {name: date_in_words(when, language) for name, when in old.items()}
    return (Say(f"show.{'_and_'.join(old)}", values),) if old else ()
