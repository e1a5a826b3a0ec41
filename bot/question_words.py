"""Commands of open questions as intents: pure."""

from __future__ import annotations

from bot.intents import Intent, PassOn, Reply

STEPS = {
    "yes": "yes", "ja": "yes", "tak": "yes",
    "withdraw": "withdraw", "widerruf": "withdraw", "zurueck": "withdraw", "zurück": "withdraw", "cofnij": "withdraw",
    "wycofaj": "withdraw", "never": "never", "nie": "never", "nigdy": "never",
}  # fmt: skip
MOST_DIGITS = 9


def question_intent(name: str, rest: str) -> Intent | None:
    """The intent of a command that is about an open question; ``None`` for other commands."""
    first, _, others = rest.partition(" ")
    if name == "pass-on":
        step = STEPS.get(first.lower(), "")
        if step == "never":
            return PassOn(step, answer=others.strip())
        return PassOn(step, number_of(others)) if step else PassOn(answer=first)
    if name == "reply":
        first, *more = rest.split(maxsplit=1) or [""]
        return Reply(number_of(first), more[0].strip() if more else "")
    return None


def number_of(word: str) -> int:
    """The number of a question; 0 is none."""
    word = word.strip(" .:,#")
    return int(word) if word.isascii() and word.isdecimal() and len(word) <= MOST_DIGITS else 0
