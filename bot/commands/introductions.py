"""Commands of introductions: ask for one, answer one, say whether it helped. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.commands.command import Command, Intent, Permission
from bot.commands.search import EXACTLY, PROJECT, entry_text, read_entry

CODE = re.compile(r"[A-Za-z2-9]{5}")
STATUS = ("status", "stand")
STEPS = {
    "yes": "yes", "ja": "yes", "tak": "yes",
    "question": "question", "frage": "question", "pytanie": "question",
    "reach": "reach", "erreichbar": "reach", "kontakt": "reach",
    "cancel": "cancel", "zurueck": "cancel", "zurück": "cancel", "wycofaj": "cancel",
    "withdraw": "cancel", "widerruf": "cancel",
    "editors": "editors", "redaktion": "editors", "redakcja": "editors",
}  # fmt: skip
HELPED = {
    "yes": "yes", "ja": "yes", "tak": "yes",
    "no": "no", "nein": "no", "nie": "no",
    "talking": "talking", "dran": "talking", "rozmawiamy": "talking",
}  # fmt: skip
KINDS = {
    "all": "all", "alles": "all", "wszystko": "all",
    "phone": "phone", "telefon": "phone", "other": "other", "sonstiges": "other", "inne": "other",
}  # fmt: skip
TYPED = "="  # before what a user types about how to reach them


@dataclass(frozen=True, slots=True)
class Introduce(Intent):
    """Introduce the user to the contact of an entry: by its key, or by its number in what was shown last."""

    entry: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class IntroduceStep(Intent):
    """The next step of a request of the user: ``yes``, ``question``, ``reach``, ``cancel``, ``editors``."""

    step: str
    code: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class IntroduceStatus(Intent):
    """Show how the user's introductions stand."""


@dataclass(frozen=True, slots=True)
class Respond(Intent):
    """The user's answer to a request: a value of ``introductions.values.Answer``; ``text``: what may be shown."""

    answer: str
    code: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class SayHelped(Intent):
    """Whether an introduction helped: a value of ``introductions.values.Helped``."""

    how: str
    code: str


def kinds_of(words: str, networks: Mapping[str, str]) -> tuple[str, ...]:
    """Return the kinds of data that a user named ("mail, telefon"); what begins with ``=`` is shown as it is.

    ``networks``: the words for the networks, each with the kind that it means.
    """
    if words.startswith(TYPED):
        return (words,)
    kinds = KINDS | dict(networks)
    named = (kinds.get(word.strip(" ,;").lower(), "") for word in words.split())
    return tuple(kind for kind in named if kind)


def _parse_intro(rest: str) -> Intent:
    first, _, others = rest.partition(" ")
    if first.lower() in STATUS or not rest:
        return IntroduceStatus()
    step = STEPS.get(first.lower())
    code, _, words = others.strip().partition(" ")
    if step and CODE.fullmatch(code):
        return IntroduceStep(step, code.upper(), words.strip())
    return Introduce(*read_entry(rest))


def _format_intro(intent: Introduce | IntroduceStep | IntroduceStatus) -> str:
    match intent:
        case IntroduceStatus():
            return "status"
        case IntroduceStep(step, code, text):
            return f"{step} {code} {text}"
        case Introduce(entry, number) if number is None and entry.startswith(PROJECT):
            return EXACTLY + entry.removeprefix(PROJECT)
        case Introduce(entry, number):
            return entry_text(entry, number)


def _parse_helped(rest: str) -> Intent:
    how, _, code = rest.partition(" ")
    known = how.lower() in HELPED and CODE.fullmatch(code.strip())
    return SayHelped(HELPED[how.lower()], code.strip().upper()) if known else IntroduceStatus()


def _parse_answer(answer: str) -> Callable[[str], Intent]:
    def parse(rest: str) -> Intent:
        code, _, text = rest.partition(" ")
        return Respond(answer, code.upper(), text.strip()) if CODE.fullmatch(code) else IntroduceStatus()

    return parse


def _format_answer(answer: str) -> Callable[[Respond], str | None]:
    return lambda respond: f"{respond.code} {respond.text}" if respond.answer == answer else None


ANSWERS: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]] = {  # of a contact: name of the command, answer, words
    "accept": ("yes", {"en": ("accept",), "de": ("ja",), "pl": ("tak",)}),
    "decline": ("no", {"en": ("decline",), "de": ("nein",), "pl": ("nie",)}),
    "deputy": ("deputy", {"en": ("deputy",), "de": ("vertretung",), "pl": ("zastepstwo", "zastępstwo")}),
    "nottopic": (
        "not_my_topic",
        {"en": ("not-my-topic",), "de": ("nicht-mein-thema",), "pl": ("nie-moj-temat", "nie-mój-temat")},
    ),
    "never": (
        "never_again",
        {"en": ("never-again",), "de": ("nie-wieder",), "pl": ("nigdy-wiecej", "nigdy-więcej")},
    ),
}
COMMANDS = (
    Command(
        name="intro",
        words={"en": ("intro",), "": ("kontakt",)},
        intents=(Introduce, IntroduceStep, IntroduceStatus),
        parse=_parse_intro,
        format=_format_intro,
        permission=Permission.ONE_TO_ONE,
        rate_limited=(IntroduceStatus,),
        in_help=True,
    ),
    *(
        Command(
            name=name,
            words=words,
            intents=(Respond,),
            parse=_parse_answer(answer),
            format=_format_answer(answer),
            permission=Permission.ONE_TO_ONE,
        )
        for name, (answer, words) in ANSWERS.items()
    ),
    Command(
        name="helped",
        words={"en": ("helped",), "de": ("geholfen",), "pl": ("pomoglo", "pomogło")},
        intents=(SayHelped,),
        parse=_parse_helped,
        format=lambda said: f"{said.how} {said.code}",
        permission=Permission.ONE_TO_ONE,
    ),
)
