"""Commands of open questions as intents, those of editors included: pure."""

from __future__ import annotations

import re
import unicodedata

from bot.commands import YES
from bot.commands.intents import Intent, NewEntry, OfferAnswer, PassOn, Questions, Reply

STEPS = {
    "yes": "yes", "ja": "yes", "tak": "yes",
    "withdraw": "withdraw", "widerruf": "withdraw", "zurueck": "withdraw", "zurück": "withdraw", "cofnij": "withdraw",
    "wycofaj": "withdraw", "never": "never", "nie": "never", "nigdy": "never",
}  # fmt: skip
MOST_DIGITS = 9
OFFERS = {
    "editors": False, "redaktion": False, "redakcja": False,
    "withdraw": True, "widerruf": True, "zurueck": True, "zuruck": True, "cofnij": True, "wycofaj": True,
}  # fmt: skip
LISTED = {  # what editors do with a question of their list
    "close": "close", "schliessen": "close", "zamknij": "close",
    "entry": "entry", "eintrag": "entry", "wpis": "entry",
    "new": "new", "neu": "new", "nowy": "new",
    "discard": "discard", "verwerfen": "discard", "odrzuc": "discard",
    "topic": "topic", "topics": "topic", "thema": "topic", "themen": "topic", "temat": "topic", "tematy": "topic",
}  # fmt: skip
ENTRY_FIELDS = {  # of a new entry, in the editor's words; the others as ``edit`` names them
    "titel": "title", "tytul": "title", "kommune": "municipality", "gmina": "municipality", "thema": "topics",
    "themen": "topics", "topic": "topics", "temat": "topics", "tematy": "topics", "tekst": "text",
}  # fmt: skip
ANSWER = ("answer", "antwort", "odpowiedz")
CONFIRMED = re.compile(rf"([0-9a-f]{{8}}) (?:{'|'.join(YES.values())})", re.IGNORECASE)


def question_intent(name: str, rest: str) -> Intent | None:
    """The intent of a command that is about an open question; ``None`` for other commands."""
    first, _, others = rest.partition(" ")
    if name == "pass-on":
        step = STEPS.get(first.lower(), "")
        if step == "never":
            return PassOn(step, answer=others.strip())
        return PassOn(step, number_of(others)) if step else PassOn(answer=first)
    if name == "reply":
        if (taken_back := OFFERS.get(_plain(first))) is not None and others.strip():
            return OfferAnswer(others.strip(), taken_back)
        first, *more = rest.split(maxsplit=1) or [""]
        return Reply(number_of(first), more[0].strip() if more else "")
    return None


def number_of(word: str) -> int:
    """The number of a question; 0 is none."""
    word = word.strip(" .:,#")
    return int(word) if word.isascii() and word.isdecimal() and len(word) <= MOST_DIGITS else 0


def editors_intent(rest: str) -> Intent:
    """What follows ``questions``: "close 7", "entry 7 bb-cottbus", "new 7", "topic 7 mobility"; else the list."""
    what, _, others = rest.partition(" ")
    first, _, more = others.strip().partition(" ")
    number, what, more = number_of(first), LISTED.get(_plain(what), ""), more.strip()
    if number and what == "close" and not more:
        return Questions(number)
    if number and what == "discard" and not more:
        return NewEntry(number, "discard")
    if number and what == "topic" and more:
        return Questions(number, topics=more)
    if number and what == "entry" and more:
        return Questions(number, more.strip('"'))
    return _new_entry(number, more) if number and what in ("new", "entry") else Questions()


def _new_entry(number: int, text: str) -> NewEntry:
    """ "", "title = …", "answer 0a1b…", "0a1b2c3d yes"."""
    if confirmed := CONFIRMED.fullmatch(text):
        return NewEntry(number, "yes", value=confirmed[1].lower())
    word, _, others = text.partition(" ")
    if _plain(word) in ANSWER and "=" not in text:
        return NewEntry(number, "answer", value=others.strip())
    field, _, value = text.partition("=")
    field = field.strip().lower()
    return NewEntry(number, "set" if field else "", ENTRY_FIELDS.get(_plain(field), field), value.strip())


def _plain(word: str) -> str:
    """Lower case, without accents."""
    decomposed = unicodedata.normalize("NFKD", word.strip().casefold().replace("ł", "l"))
    return "".join(char for char in decomposed if not unicodedata.combining(char))
