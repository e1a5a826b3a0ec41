"""What users say in their own words and no command says: small talk, questions about the bot or about one record. Pure.

``bot.features.conversation`` finds out that they are meant. They have no word to type, but a button may hold them.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.command import Command, Intent, Permission


@dataclass(frozen=True, slots=True)
class SmallTalk(Intent):
    """Nothing is asked; ``kind``: bye, fine, chat, blame, anew, unreadable."""

    kind: str


@dataclass(frozen=True, slots=True)
class AboutBot(Intent):
    """A question about the bot; ``kind``: ai, operator, source, count."""

    kind: str


@dataclass(frozen=True, slots=True)
class Attribute(Intent):
    """One thing about a record; ``kind``: cost, status, period, source, responsible, transfer, partners, other."""

    kind: str
    entry: str


@dataclass(frozen=True, slots=True)
class AskBack(Intent):
    """The bot cannot know what is meant; ``kind``: question, record, consent."""

    kind: str


@dataclass(frozen=True, slots=True)
class Propose(Intent):
    """Something that changes what is stored was asked for in other words: ask for a yes. ``command``: what it is."""

    command: str


@dataclass(frozen=True, slots=True)
class Decline(Intent):
    """No to what waits for a yes."""


@dataclass(frozen=True, slots=True)
class Report(Intent):
    """Tell the editors that a record is wrong, or about a project that they lack; ``kind``: wrong, new.

    ``entry``: key of the record; the text goes to them only after a yes (``sent``).
    """

    kind: str
    entry: str = ""
    text: str = ""
    sent: bool = False


def _parse_report(rest: str) -> Intent:
    kind, _, others = rest.partition(" ")
    entry, _, text = others.partition(" ")
    return Report(kind.removesuffix("!"), entry.removeprefix("-"), text, kind.endswith("!"))


def _parse_attribute(rest: str) -> Intent:
    kind, _, entry = rest.partition(" ")
    return Attribute(kind, entry.strip())


def _format_report(intent: Report) -> str:
    return f"{intent.kind}{'!' if intent.sent else ''} {intent.entry or '-'} {intent.text}"


COMMANDS = (
    Command(name="small-talk", intents=(SmallTalk,), parse=SmallTalk, format=lambda said: said.kind,
            permission=Permission.ALL, rate_limited=(SmallTalk,)),
    Command(name="about-bot", intents=(AboutBot,), parse=AboutBot, format=lambda asked: asked.kind,
            permission=Permission.ALL, rate_limited=(AboutBot,)),
    Command(name="attribute", intents=(Attribute,), parse=_parse_attribute,
            format=lambda asked: f"{asked.kind} {asked.entry}", permission=Permission.ALL, rate_limited=(Attribute,)),
    Command(name="ask-back", intents=(AskBack,), parse=AskBack, format=lambda asked: asked.kind,
            permission=Permission.ALL, rate_limited=(AskBack,)),
    Command(name="propose", intents=(Propose,), parse=Propose, format=lambda proposed: proposed.command,
            permission=Permission.ONE_TO_ONE),
    Command(name="refrain", intents=(Decline,), parse=lambda _rest: Decline(), format=lambda _intent: "",
            permission=Permission.ALL),
    Command(name="report", intents=(Report,), parse=_parse_report, format=_format_report,
            permission=Permission.ONE_TO_ONE),
)  # fmt: skip
