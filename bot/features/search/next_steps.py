"""The next steps below an answer: only those that lead somewhere. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from bot.commands.digests import Subscribe
from bot.commands.editing import Edit, reference_of
from bot.commands.introductions import Introduce
from bot.commands.ratings import Rate
from bot.commands.search import PROJECT, Ask, More
from bot.messages import Choice, Say
from knowledge_base.model import Answer, Hit, Understood
from knowledge_base.vocabulary import bundled

NARROWED = {
    "de": {"rural": "nur ländliche", "running": "nur laufende"},
    "en": {"rural": "only rural ones", "running": "only running ones"},
    "pl": {"rural": "tylko wiejskie", "running": "tylko w trakcie"},
}
NEAR = {"de": "{topic} in der Nähe von {place}", "en": "{topic} near {place}", "pl": "{topic} w pobliżu: {place}"}

MORE = Choice(Say("choice.more"), More())
USEFUL = Choice(Say("choice.useful"), Rate(True))
USELESS = Choice(Say("choice.useless"), Rate(False))


def introductions(hits: Sequence[Hit], start: int, *, buttons: bool) -> list[Choice]:
    """Return the choices to ask for a contact: typed by the number of the hit, as a button by its project."""
    askable = [(number, hit.project.id) for number, hit in enumerate(hits, start=start) if hit.can_introduce]
    label = "choice.intro.ask"
    return [
        Choice(Say(label, {"number": number}), Introduce(PROJECT + project) if buttons else Introduce(number=number))
        for number, project in askable
    ]


def edits(hits: Sequence[Hit]) -> list[Choice]:
    """Return the choices to change the records that an answer shows, for editors."""
    return [Choice(Say("choice.edit", {"id": hit.project.id}), Edit(reference_of(hit.project.id))) for hit in hits]


def narrower(read: Understood, language: str) -> list[Choice]:
    """Return follow-up questions that narrow this one down, as far as it says nothing about it yet."""
    open_ones = ([] if read.rural else ["rural"]) + ([] if read.status else ["running"])
    return [Choice(Say(f"choice.{name}"), Ask(NARROWED[language][name])) for name in open_ones]


def nearby(read: Understood, language: str) -> list[Choice]:
    """Return the question for the towns near the one that has nothing on a topic."""
    if len(read.municipalities) != 1 or not read.topics or read.near:
        return []
    place, topic = read.municipalities[0], bundled().label(read.topics[0], language)
    question = NEAR[language].format(topic=topic, place=place)
    return [Choice(Say("choice.nearby", {"place": place}), Ask(question))]


def follow(answer: Answer, language: str) -> list[Choice]:
    """Return the choice to follow the topic of an answer in the weekly digest."""
    topics = answer.understood.topics
    if not topics:
        return []
    topic = bundled().label(topics[0], language)
    return [Choice(Say("choice.follow", {"topic": topic}), Subscribe("add", topic))]
