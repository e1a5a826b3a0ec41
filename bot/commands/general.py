"""Commands about the bot itself: start, help. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.command import Command, Intent, Permission, always, nothing

LONGEST_UNKNOWN = 40  # characters of an unknown command that the bot repeats


@dataclass(frozen=True, slots=True)
class Start(Intent):
    """The user met the bot, or asks it to introduce itself; ``handle``: of the link that led here."""

    handle: str = ""


@dataclass(frozen=True, slots=True)
class Greet(Intent):
    """The user said hello."""


@dataclass(frozen=True, slots=True)
class Help(Intent):
    """Show what users can do here."""


@dataclass(frozen=True, slots=True)
class Thanks(Intent):
    """Nothing more, thank you."""


@dataclass(frozen=True, slots=True)
class Unknown(Intent):
    """A command that does not exist."""

    command: str


COMMANDS = (
    Command(
        name="start",
        words={"": ("start",)},
        intents=(Start,),
        parse=Start,
        format=lambda start: start.handle,
        permission=Permission.ALL,
        rate_limited=(Start,),
    ),
    Command(
        name="greet",
        intents=(Greet,),
        parse=always(Greet()),
        format=nothing,
        permission=Permission.ALL,
        rate_limited=(Greet,),
    ),
    Command(
        name="help",
        words={"en": ("help",), "de": ("hilfe",), "pl": ("pomoc",)},
        intents=(Help,),
        parse=always(Help()),
        format=nothing,
        permission=Permission.ALL,
        rate_limited=(Help,),
        in_help=True,
    ),
    Command(
        name="thanks",
        intents=(Thanks,),
        parse=always(Thanks()),
        format=nothing,
        permission=Permission.ALL,
        rate_limited=(Thanks,),
    ),
    Command(
        name="unknown",
        intents=(Unknown,),
        parse=lambda rest: Unknown(rest[:LONGEST_UNKNOWN]),
        format=lambda unknown: unknown.command,
        permission=Permission.ALL,
        rate_limited=(Unknown,),
    ),
)
