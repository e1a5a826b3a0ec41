"""Commands that rate an answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.command import Command, Intent, Permission


@dataclass(frozen=True, slots=True)
class Rate(Intent):
    """The last answer was useful, or not; ``answer`` names another one, or an entry of a digest."""

    useful: bool
    answer: str = ""


COMMANDS = (
    Command(
        name="useful",
        words={"en": ("useful",), "de": ("hilfreich",), "pl": ("przydatne",)},
        intents=(Rate,),
        parse=lambda rest: Rate(True, rest),
        format=lambda rate: rate.answer if rate.useful else None,
        permission=Permission.ALL,
        in_help=True,
    ),
    Command(
        name="useless",
        words={"en": ("useless",), "de": ("unpassend",), "pl": ("nieprzydatne",)},
        intents=(Rate,),
        parse=lambda rest: Rate(False, rest),
        format=lambda rate: None if rate.useful else rate.answer,
        permission=Permission.ALL,
    ),
)
