"""Commands by which people tell about themselves and decide what becomes of it, as intents: pure."""

from __future__ import annotations

import re

from bot.commands import YES
from bot.commands.intents import (
    Correct,
    Disconnect,
    Forget,
    Intent,
    MyData,
    Pause,
    Privacy,
    Profile,
    Refuse,
    Resume,
    Verify,
    Withdraw,
)

FIELDS = {
    "name": "name", "imie": "name", "imię": "name",
    "municipality": "municipality", "kommune": "municipality", "gmina": "municipality",
    "phone": "phone", "telefon": "phone",
    "channel": "channel", "kanal": "channel", "kanał": "channel",
}  # fmt: skip
SUBJECTS = {
    "intro": "intro", "kontakt": "intro", "vermittlung": "intro",
    "digest": "digest", "wochenbrief": "digest", "biuletyn": "digest",
}  # fmt: skip
OFF = ("off", "aus", "ende", "koniec")
WITHOUT_WORDS: dict[str, Intent] = {"refuse": Refuse(), "privacy": Privacy(), "withdraw": Withdraw()}
UNITS = {"week": 7, "woche": 7, "tyg": 7, "month": 30, "monat": 30, "miesi": 30}  # days; how its words begin
LONGEST_PAUSE = 3650  # days; longer is "until I say so"

# What in a private chat can only be meant so, folded as the router folds.
BARE = {
    "refuse": (
        ("en", "do not introduce me", "don't introduce me", "please do not introduce me"),
        ("de", "nicht vermitteln", "bitte nicht vermitteln", "vermittle mich nicht", "bitte vermittle mich nicht"),
        ("pl", "nie przedstawiaj mnie", "prosze mnie nie przedstawiac", "nie laczyc mnie"),
    ),
}


def people_intent(name: str, rest: str) -> Intent | None:
    """The intent of a command that is about the person who says it; ``None`` for other commands."""
    words = rest.split()
    if name in WITHOUT_WORDS:
        return WITHOUT_WORDS[name]
    match name:
        case "profile":
            field, _, value = rest.partition(" ")
            known = FIELDS.get(field.lower().rstrip(":"), "")
            return Profile(known, value.strip()) if known else Profile()
        case "verify":
            return Verify(rest)
        case "disconnect":
            return Disconnect(rest)
        case "pause" | "resume":
            return _pause(words, over=name == "resume")
        case "mydata":
            return MyData(machine="json" in rest.lower())
        case "forget":
            return Forget(confirmed=rest.lower() in YES.values())
        case "correct":
            return Correct(rest)
        case _:
            return None


def bare_intent(folded: str) -> tuple[Intent, str] | None:
    """What a plain text in a private chat can only mean, and its language."""
    for name, forms in BARE.items():
        for language, *phrases in forms:
            if folded in phrases and (intent := people_intent(name, "")) is not None:
                return intent, language
    return None


def _pause(words: list[str], *, over: bool) -> Intent:
    what = next((SUBJECTS[word.lower()] for word in words if word.lower() in SUBJECTS), "")
    if over or any(word.lower() in OFF for word in words):
        return Resume(what)
    number = next((int(word) for word in words if re.fullmatch(r"[0-9]{1,6}", word)), 0)
    number *= next((days for unit, days in UNITS.items() if any(word.lower().startswith(unit) for word in words)), 1)
    return Pause(what, number if 0 < number <= LONGEST_PAUSE else None)
