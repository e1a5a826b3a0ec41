"""Commands by which all users contribute: a record is wrong, a project is missing. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.commands.command import Command, Intent, Permission

MARK = "="  # before a step of the dialogue: what users type themselves is the text
STEPS = ("what", "where", "status", "link", "office", "skip", "cancel", "withdraw")
TEXT = "text"
WITHDRAW = re.compile(r"(?:withdraw|zurueckziehen|zurückziehen|wycofaj) ([0-9]{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Contribute(Intent):
    """Begin to tell the editors that a record is wrong, or of a project that they lack; ``kind``: wrong, new."""

    kind: str = "new"
    text: str = ""


@dataclass(frozen=True, slots=True)
class ContributeStep(Intent):
    """Go on with what the user contributes: ``text`` is the part ``step``, the one to skip, or a number to withdraw."""

    step: str
    text: str = ""


def _parse(rest: str) -> Intent:
    if withdrawn := WITHDRAW.fullmatch(rest):
        return ContributeStep("withdraw", withdrawn[1])
    step, _, text = rest.partition(" ")
    if step.removeprefix(MARK) in STEPS and step.startswith(MARK):
        return ContributeStep(step.removeprefix(MARK), text.strip())
    return Contribute("new", text.strip() if step == f"{MARK}{TEXT}" else rest)


def _format(intent: Contribute | ContributeStep) -> str | None:
    if isinstance(intent, ContributeStep):
        if intent.step == "withdraw" and intent.text.isascii() and intent.text.isdecimal():
            return f"withdraw {intent.text}"
        return f"{MARK}{intent.step} {intent.text}"
    if intent.kind != "new":
        return None
    marked = intent.text.startswith(MARK) or WITHDRAW.fullmatch(intent.text)
    return f"{MARK}{TEXT} {intent.text}" if marked else intent.text


COMMANDS = (
    Command(
        name="propose-project",
        words={"en": ("suggest",), "de": ("vorschlagen",), "pl": ("zaproponuj",)},
        intents=(Contribute, ContributeStep),
        parse=_parse,
        format=_format,
        permission=Permission.ONE_TO_ONE,
        in_help=True,
        arguments={"withdraw": {"de": "zurueckziehen", "pl": "wycofaj"}},
    ),
    Command(
        name="wrong",
        words={"en": ("wrong",), "de": ("melden",), "pl": ("zglos", "zgłoś")},
        intents=(Contribute,),
        parse=lambda rest: Contribute("wrong", rest),
        format=lambda intent: intent.text if intent.kind == "wrong" else None,
        permission=Permission.ONE_TO_ONE,
        in_help=True,
    ),
)
