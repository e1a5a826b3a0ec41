"""What somebody can want of the bot: values without behaviour, made by ``bot.router``, served by ``bot.features``."""

from __future__ import annotations

from dataclasses import dataclass

LAST = 0  # ``Pick(0)`` means the last one shown


@dataclass(frozen=True, slots=True)
class Start:
    """The bot was met for the first time, or asked to introduce itself."""


@dataclass(frozen=True, slots=True)
class Help:
    """What can I do here?"""


@dataclass(frozen=True, slots=True)
class Ask:
    """A question to the knowledge base."""

    question: str


@dataclass(frozen=True, slots=True)
class More:
    """The next hits of the last question."""


@dataclass(frozen=True, slots=True)
class Show:
    """One project in full: by its id, or by its number in what was shown last."""

    which: str


@dataclass(frozen=True, slots=True)
class Pick:
    """The number of a choice that was shown last."""

    number: int


@dataclass(frozen=True, slots=True)
class Language:
    """Answer me in this language; empty: show which there are; "auto": follow my questions."""

    code: str


@dataclass(frozen=True, slots=True)
class Rate:
    """The last answer was useful, or not; ``answer`` names another one."""

    useful: bool
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Questions:
    """For editors: what was asked and not answered; or close one of them."""

    close: int | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """For editors: show a record, or set one of its fields."""

    record: str
    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Remove:
    """For editors: take a record out; asked back unless confirmed."""

    record: str
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """A command that there is not."""

    command: str


Intent = Start | Help | Ask | More | Show | Pick | Language | Rate | Questions | Edit | Remove | Unknown


@dataclass(frozen=True, slots=True)
class Routed:
    """An intent, and the language that its very words are in, if they are in one."""

    intent: Intent
    language: str | None = None
    awaited: bool = False  # the text completed a command that the bot had asked to complete
