"""Commands of introductions as intents: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.commands.intents import Intent, Introduce, IntroduceStatus, IntroduceStep, Respond, SayHelped

CODE = re.compile(r"[A-Za-z2-9]{5}")
STATUS = ("status", "stand")
STEPS = {
    "yes": "yes", "ja": "yes", "tak": "yes",
    "question": "question", "frage": "question", "pytanie": "question",
    "reach": "reach", "erreichbar": "reach", "kontakt": "reach",
    "cancel": "cancel", "zurueck": "cancel", "zurück": "cancel", "wycofaj": "cancel",
    "withdraw": "cancel", "widerruf": "cancel",
    "editors": "editors", "redaktion": "editors", "redakcja": "editors",
}  # fmt: skip
ANSWERS = {
    "accept": "yes", "decline": "no", "deputy": "deputy", "nottopic": "not_my_topic", "never": "never_again",
}  # fmt: skip
HELPED = {
    "yes": "yes", "ja": "yes", "tak": "yes",
    "no": "no", "nein": "no", "nie": "no",
    "talking": "talking", "dran": "talking", "rozmawiamy": "talking",
}  # fmt: skip
KINDS = {
    "all": "all", "alles": "all", "wszystko": "all",
    "phone": "phone", "telefon": "phone", "other": "other", "sonstiges": "other", "inne": "other",
}  # fmt: skip
TYPED = "="  # before what somebody types about how to reach them


def intro_intent(name: str, rest: str) -> Intent | None:
    """The intent of a command that is about an introduction; ``None`` for other commands."""
    first, _, others = rest.partition(" ")
    if name == "intro":
        if first.lower() in STATUS or not rest:
            return IntroduceStatus()
        step = STEPS.get(first.lower())
        code, _, words = others.strip().partition(" ")
        if step and CODE.fullmatch(code):
            return IntroduceStep(step, code.upper(), words.strip())
        return Introduce(rest)
    if name in ANSWERS:
        return Respond(ANSWERS[name], first.upper(), others.strip()) if CODE.fullmatch(first) else IntroduceStatus()
    if name == "helped":
        code = others.strip()
        known = first.lower() in HELPED and CODE.fullmatch(code)
        return SayHelped(HELPED[first.lower()], code.upper()) if known else IntroduceStatus()
    return None


def kinds_of(words: str, networks: Mapping[str, str]) -> tuple[str, ...]:
    """Return the kinds of data that a user named ("mail, telefon"); what begins with ``=`` is shown as it is.

    ``networks``: the words for the networks, each with the kind that it means.
    """
    if words.startswith(TYPED):
        return (words,)
    kinds = KINDS | dict(networks)
    found = (kinds.get(word.strip(" ,;").lower(), "") for word in words.split())
    return tuple(kind for kind in found if kind)
