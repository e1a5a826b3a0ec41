"""Commands of open questions: pass one on, answer one. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bot.commands.command import Command, Intent, Permission, number_of, without_accents

STEPS = {
    "yes": "yes", "ja": "yes", "tak": "yes",
    "withdraw": "withdraw", "widerruf": "withdraw", "zurueck": "withdraw", "zurück": "withdraw", "cofnij": "withdraw",
    "wycofaj": "withdraw", "never": "never", "nie": "never", "nigdy": "never",
}  # fmt: skip
OFFERS = {
    "editors": False, "redaktion": False, "redakcja": False,
    "withdraw": True, "widerruf": True, "zurueck": True, "zuruck": True, "cofnij": True, "wycofaj": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PassOn(Intent):
    """Pass on a question without a sure answer, or go on with a step.

    ``step``: "" (the question of ``answer``, by default the last), never (no more from the author of ``answer``),
    yes and withdraw (the question ``number``).
    """

    step: str = ""
    number: int = 0
    answer: str = ""


@dataclass(frozen=True, slots=True)
class Reply(Intent):
    """The user's answer to an open question; ``number`` 0: no valid number was given."""

    number: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class OfferAnswer(Intent):
    """Allow editors to make an entry of the user's answer to an open question; ``taken_back``: no longer."""

    answer: str
    taken_back: bool = False


def _parse_pass_on(rest: str) -> Intent:
    first, _, others = rest.partition(" ")
    step = STEPS.get(first.lower(), "")
    if step == "never":
        return PassOn(step, answer=others.strip())
    return PassOn(step, number_of(others)) if step else PassOn(answer=first)


def _format_pass_on(intent: PassOn) -> str:
    named = intent.answer if intent.step in ("", "never") else intent.number
    return f"{intent.step} {named}"


def _parse_reply(rest: str) -> Intent:
    first, _, others = rest.partition(" ")
    if (taken_back := OFFERS.get(without_accents(first))) is not None and others.strip():
        return OfferAnswer(others.strip(), taken_back)
    first, *more = rest.split(maxsplit=1) or [""]
    return Reply(number_of(first), more[0].strip() if more else "")


def _format_reply(intent: Reply | OfferAnswer) -> str:
    if isinstance(intent, Reply):
        return f"{intent.number} {intent.text}" if intent.number or intent.text else ""
    return f"{'withdraw' if intent.taken_back else 'editors'} {intent.answer}"


COMMANDS = (
    Command(
        name="pass-on",
        words={"en": ("pass-on",), "de": ("weitergeben",), "pl": ("przekaz", "przekaż")},
        intents=(PassOn,),
        parse=_parse_pass_on,
        format=_format_pass_on,
        permission=Permission.ONE_TO_ONE,
        in_help=True,
        arguments={"withdraw": {"de": "widerruf", "pl": "wycofaj"}},
    ),
    Command(
        name="reply",
        words={"en": ("reply",), "de": ("antwort", "antworten"), "pl": ("odpowiedz",)},
        intents=(Reply, OfferAnswer),
        parse=_parse_reply,
        format=_format_reply,
        permission=Permission.ONE_TO_ONE,
        in_help=True,
        arguments={
            "editors": {"de": "redaktion", "pl": "redakcja"},
            "withdraw": {"de": "widerruf", "pl": "wycofaj"},
        },
    ),
)
