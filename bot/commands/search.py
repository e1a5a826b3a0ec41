"""Commands of the search: ask, more, show one entry, show its original. Pure.

An entry is named by its key, "project:bb-cottbus". Users write the id of a project alone. ``EXACTLY`` stands before an
id that would read as a number or as another key.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.command import Command, Intent, Permission, always, nothing
from bot.commands.general import Help
from knowledge_base.model import RecordKind

LAST = 0  # ``Pick(0)`` means the last one shown
DIGITS = 3  # of a number in a list; longer ones are ids
EXACTLY = "="
PROJECT = f"{RecordKind.PROJECT}:"
EVENT = f"{RecordKind.EVENT}:"
CONTACT = f"{RecordKind.CONTACT}:"
QUESTION = "question:"  # an open one, before its number
OTHERS = (EVENT, CONTACT, QUESTION)


@dataclass(frozen=True, slots=True)
class Ask(Intent):
    """A question to the knowledge base."""

    question: str


@dataclass(frozen=True, slots=True)
class More(Intent):
    """The next hits of the last question."""


@dataclass(frozen=True, slots=True)
class Show(Intent):
    """One entry in full: by its key, or by its number in what was shown last."""

    entry: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Original(Intent):
    """One project in full in the words of its record, named as for ``Show``."""

    entry: str = ""
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Pick(Intent):
    """The number of a choice that was shown last."""

    number: int


def read_entry(text: str) -> tuple[str, int | None]:
    """Return the key of the entry that a text names, or its number in what was shown last."""
    if is_number(text):
        return "", int(text)
    return (text if text.startswith(OTHERS) else PROJECT + text.removeprefix(EXACTLY)), None


def is_number(text: str) -> bool:
    """Return whether a text is a number in what was shown last."""
    return text.isdecimal() and len(text) <= DIGITS


def entry_text(entry: str, number: int | None) -> str:
    """Write an entry so that ``read_entry`` reads it: "bb-cottbus", "=12", "event:evt-1", "3"."""
    if number is not None:
        return str(number)
    if not entry.startswith(PROJECT):
        return entry
    project = entry.removeprefix(PROJECT)
    exactly = EXACTLY if project.isdecimal() or project.startswith((EXACTLY, *OTHERS)) else ""
    return exactly + project


COMMANDS = (
    Command(
        name="ask",
        words={"en": ("ask",), "de": ("frage",), "pl": ("pytanie",)},
        intents=(Ask,),
        parse=lambda rest: Ask(rest) if rest else Help(),
        format=lambda ask: ask.question,
        permission=Permission.ALL,
        rate_limited=(Ask,),
        in_help=True,
    ),
    Command(
        name="more",
        words={"en": ("more",), "de": ("mehr",), "pl": ("wiecej", "więcej")},
        intents=(More,),
        parse=always(More()),
        format=nothing,
        permission=Permission.ALL,
        rate_limited=(More,),
        in_help=True,
    ),
    Command(
        name="show",
        words={"en": ("show",), "de": ("zeige",), "pl": ("pokaz", "pokaż")},
        intents=(Show,),
        parse=lambda rest: Show(*read_entry(rest)) if rest else Help(),
        format=lambda show: entry_text(show.entry, show.number),
        permission=Permission.ALL,
        rate_limited=(Show,),
        in_help=True,
    ),
    Command(
        name="original",
        words={"": ("original",), "pl": ("oryginal", "oryginał")},
        intents=(Original,),
        parse=lambda rest: Original(*read_entry(rest)) if rest else Help(),
        format=lambda original: entry_text(original.entry, original.number),
        permission=Permission.ALL,
        rate_limited=(Original,),
    ),
    Command(
        name="pick",
        intents=(Pick,),
        parse=lambda rest: Pick(int(rest)) if is_number(rest) else Help(),
        format=lambda pick: str(pick.number),
        permission=Permission.ALL,
    ),
)
