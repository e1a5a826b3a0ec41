"""Commands of the weekly digest as intents, in the words that people use: pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.commands import WORDS
from bot.commands.account import UNITS, people_intent
from bot.commands.intents import Digest, Intent, Subscribe, Unsubscribe

# What behind "digest" or "subscribe" is one of these, folded as the router folds, says what is wanted of it.
WISHES: Mapping[str, tuple[str, ...]] = {
    "end": (
        "stop", "end", "cancel", "off", "unsubscribe", "quit",
        "stopp", "stoppen", "aus", "ende", "beenden", "abbestellen", "abmelden", "kuendigen",
        "koniec", "zakoncz", "wylacz", "rezygnuj", "zrezygnuj", "rezygnacja", "anuluj", "wypisz",
    ),
    "settings": (
        "settings", "setting", "change", "options", "status",
        "einstellungen", "einstellung", "aendern", "anpassen",
        "ustawienia", "ustawienie", "zmien", "zmiana",
    ),
    "pause": ("pause", "pausieren", "aussetzen", "pauza", "wstrzymaj", "zawies"),
    "resume": ("resume", "continue", "fortsetzen", "wznow"),
    "again": ("on", "start", "an", "wlacz"),
    "now": ("now", "current", "show", "jetzt", "aktuell", "zeigen", "anzeigen", "teraz", "pokaz"),
}  # fmt: skip
_WISH_OF = {word: wish for wish, words in WISHES.items() for word in words}
OF_DIGEST = frozenset(  # steps that "digest" knows; behind "subscribe" they can mean nothing else
    "drop ohne bez sign lebenszeichen znak mail email e-mail here hier tutaj tu".split()
)
NOUNS = ("subscribe", "digest")  # commands whose words people also use for the thing itself: "Abo", "Wochenbrief"
MORE_NOUNS = {"subscription": "en", "newsletter": None, "rundbrief": "de"}
FILLING = frozenset(
    "please my the weekly i want to bitte den das mein meine meinen ich will moechte prosze moj moja chce".split()
)
TIME = re.compile(rf"[0-9]{{1,4}}$|{'|'.join(UNITS)}|tag|day|dzien|dni|(?:fuer|for|na|um|off|aus)$")


def digest_intent(name: str, rest: str, folded: str) -> Intent:
    """The intent of ``subscribe``, ``unsubscribe`` or ``digest``; ``folded`` is ``rest`` without case and accents."""
    if name == "unsubscribe":
        return Unsubscribe()
    words = _telling(folded)
    if (found := _wished(words)) is not None:
        return found
    if name == "digest" or (words and words[0] in OF_DIGEST):
        return Digest(rest)
    return Subscribe(rest)


def bare_digest_intent(folded: str) -> tuple[Intent, str | None] | None:
    """What a plain text in a private chat can only mean ("den Wochenbrief abbestellen"), and its language."""
    words = _telling(folded)
    noun = next((word for word in words if _is_noun(word)), "")
    if len(words) == 1:
        name, language = WORDS.get(words[0], ("", None))
        return (digest_intent(name, "", ""), language) if name in (*NOUNS, "unsubscribe") else None
    if not noun:
        return None
    found = _wished([word for word in words if word != noun])
    return (found, WORDS[noun][1] if noun in WORDS else MORE_NOUNS[noun]) if found is not None else None


def _wished(words: list[str]) -> Intent | None:
    """The wish that all these words are about; of a pause they may say how long."""
    word = next((word for word in words if word in _WISH_OF), "")
    wish = _WISH_OF.get(word, "")
    others = [other for other in words if not wish or _WISH_OF.get(other) != wish]
    if wish in ("pause", "resume") and all(TIME.match(other) for other in others):
        return people_intent(wish, " ".join(("digest", *others)))
    alone: dict[str, Intent] = {
        "end": Unsubscribe(), "settings": Digest("settings"), "again": Subscribe("again"), "now": Digest(),
    }  # fmt: skip
    return None if others else alone.get(wish)


def _telling(folded: str) -> list[str]:
    return [word for word in folded.split() if word not in FILLING]


def _is_noun(word: str) -> bool:
    return word in MORE_NOUNS or WORDS.get(word, ("", None))[0] in NOUNS
