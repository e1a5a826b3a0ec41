"""Commands of admins: how the bot is, and messages with unknown delivery status. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.commands.command import Command, Intent, Permission, always, nothing, without_accents

DECISIONS = {  # what an admin does with a message of the list
    "repeat": "repeat", "send": "repeat", "senden": "repeat", "wiederholen": "repeat", "wyslij": "repeat",
    "drop": "drop", "verwerfen": "drop", "odrzuc": "drop",
}  # fmt: skip
ALL = "all"
EVERY = {ALL: ALL, "alle": ALL, "wszystkie": ALL}


@dataclass(frozen=True, slots=True)
class Status(Intent):
    """Show which parts of the bot work, and how many messages wait."""


@dataclass(frozen=True, slots=True)
class Unclear(Intent):
    """List the messages with unknown delivery status; or ``repeat`` or ``drop`` one of them, or ``all``.

    ``which``: the beginning of the id, as the list shows it.
    """

    decision: str = ""
    which: str = ""


def _parse_unclear(rest: str) -> Intent:
    """Read "repeat 0a1b2c3d", "drop all"; anything else is the list."""
    word, _, which = rest.partition(" ")
    decision, which = DECISIONS.get(without_accents(word), ""), which.strip().lower()
    which = EVERY.get(which, which)
    return Unclear(decision, which) if decision and re.fullmatch(r"[0-9a-z]{3,64}", which) else Unclear()


COMMANDS = (
    Command(
        name="status",
        words={"": ("status",)},
        intents=(Status,),
        parse=always(Status()),
        format=nothing,
        permission=Permission.ADMINS,
        in_help=True,
    ),
    Command(
        name="unclear",
        words={"en": ("unclear",), "de": ("unklar",), "pl": ("niejasne",)},
        intents=(Unclear,),
        parse=_parse_unclear,
        format=lambda unclear: f"{unclear.decision} {unclear.which}",
        permission=Permission.ADMINS,
        in_help=True,
        arguments={"repeat": {"de": "senden", "pl": "wyslij"}, "drop": {"de": "verwerfen", "pl": "odrzuc"}},
    ),
)
