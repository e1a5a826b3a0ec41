"""The command of a room's admins: how the bot behaves there. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.account import LANGUAGE_CODES
from bot.commands.command import Command, Intent, Permission, without_accents

NAMES = {
    "mention": "mention", "erwaehnung": "mention", "erwahnung": "mention", "wzmianka": "mention",
    "threads": "threads", "thread": "threads", "themen": "threads", "watki": "threads",
    "language": "language", "sprache": "language", "jezyk": "language",
}  # fmt: skip
SWITCH = {
    "on": "on", "an": "on", "ja": "on", "yes": "on", "tak": "on", "wl": "on",
    "off": "off", "aus": "off", "nein": "off", "no": "off", "nie": "off", "wyl": "off",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SetRoom(Intent):
    """Show the settings of the room, or set one: ``mention`` and ``threads`` to on or off, ``language`` to a code.

    An empty ``value``: it was not understood, or is missing.
    """

    name: str = ""
    value: str = ""


def _parse(rest: str) -> SetRoom:
    first, _, value = rest.partition(" ")
    name = NAMES.get(without_accents(first), "")
    values = LANGUAGE_CODES if name == "language" else SWITCH
    return SetRoom(name, values.get(without_accents(value), "") if name else "")


COMMANDS = (
    Command(
        name="room",
        words={"en": ("room",), "de": ("raum",), "pl": ("pokoj", "pokój")},
        intents=(SetRoom,),
        parse=_parse,
        format=lambda intent: f"{intent.name} {intent.value}".rstrip(),
        permission=Permission.ALL,
        rate_limited=(SetRoom,),
        in_help=True,
    ),
)
