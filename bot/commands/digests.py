"""Commands of the weekly digest, in the words that users choose. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from bot.commands.account import OFF, parse_pause, parse_resume
from bot.commands.command import Command, Intent, Permission, always, fold, nothing
from bot.commands.times import days_of, until_of

STEPS = {  # what a word behind ``subscribe`` or ``digest`` means; the first of each is the one that buttons use
    "topics": ("topics", "topic", "themen", "thema", "tematy", "temat"),
    "add": ("add", "dazu", "dodaj"),
    "drop": ("drop", "ohne", "bez"),
    "region": ("region", "gegend", "regiony"),
    "day": ("day", "tag", "wann", "dzien", "kiedy"),
    "language": ("language", "sprache", "jezyk"),
    "settings": ("settings", "einstellungen", "ustawienia"),
    "sign": ("sign", "lebenszeichen", "znak"),
    "mail": tuple("mail email e-mail".split()),
    "again": ("again", "wieder", "ponownie"),
    "here": ("here", "hier", "hierher", "tutaj", "tu"),
    "intro": ("intro", "vorwort", "wstep"),
    "preview": ("preview", "vorschau", "podglad"),
    "approve": ("approve", "freigeben", "zatwierdz"),
}
_STEP_OF = {word: step for step, words in STEPS.items() for word in words}
OF_SUBSCRIBE = ("topics", "add", "region", "day", "language", "again")  # steps that "subscribe" knows
OF_DIGEST = ("drop", "sign", "mail", "here")  # steps that behind "subscribe", too, only "digest" can mean

# What behind "digest" or "subscribe" is one of these, folded, says what is wanted of it.
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
_WISH_OF = {word: choice for choice, words in WISHES.items() for word in words}
MORE_NOUNS = {"subscription": "en", "newsletter": None, "rundbrief": "de"}
FILLING = frozenset(
    "please my the weekly i want to bitte den das mein meine meinen ich will moechte prosze moj moja chce".split()
)
BEGINS_UNTIL = frozenset("bis until till do za in next".split())
ANY_DAY = date(2026, 1, 1)  # to find out whether words name one


@dataclass(frozen=True, slots=True)
class Subscribe(Intent):
    """Subscribe to the weekly digest: begin to ask, go on with a step (see ``OF_SUBSCRIBE``), or all in one line."""

    step: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Unsubscribe(Intent):
    """No more digests."""


@dataclass(frozen=True, slots=True)
class Digest(Intent):
    """Show the digest now; or a step of ``STEPS``: its settings, one of them set, what editors and admins do."""

    step: str = ""
    text: str = ""


def step_of(text: str) -> tuple[str, str]:
    """Return the step that a text begins with, and the rest; an empty step when it begins with none."""
    word, _, rest = text.strip().partition(" ")
    step = _STEP_OF.get(fold(word).strip(":,;"), "")
    return (step, rest.strip()) if step else ("", text.strip())


def _parse_digest(rest: str) -> Intent:
    step, text = step_of(rest)
    return (None if step else _wished(_telling(fold(rest)))) or Digest(step, text)


def _parse_subscribe(rest: str) -> Intent:
    step, text = step_of(rest)
    if step in OF_SUBSCRIBE:
        return Subscribe(step, text)
    if step in OF_DIGEST:
        return Digest(step, text)
    return _wished(_telling(fold(rest))) or Subscribe("", rest)


def _format_step(intent: Subscribe | Digest) -> str:
    return f"{intent.step} {intent.text}"


COMMANDS = (
    Command(
        name="subscribe",
        words={"en": ("subscribe",), "de": ("abo", "abonnieren"), "pl": ("subskrypcja", "subskrybuj")},
        intents=(Subscribe,),
        parse=_parse_subscribe,
        format=_format_step,
        permission=Permission.ALL,  # in rooms its feature asks for an admin
        in_help=True,
        arguments={"again": {"de": "wieder", "pl": "ponownie"}},
    ),
    Command(
        name="unsubscribe",
        words={"en": ("unsubscribe",), "de": ("abbestellen",), "pl": ("rezygnuj",)},
        intents=(Unsubscribe,),
        parse=always(Unsubscribe()),
        format=nothing,
        permission=Permission.ALL,
    ),
    Command(
        name="digest",
        words={"en": ("digest",), "de": ("wochenbrief",), "pl": ("biuletyn",)},
        intents=(Digest,),
        parse=_parse_digest,
        format=_format_step,
        permission=Permission.ALL,
        rate_limited=(Digest,),
        in_help=True,
        arguments={"settings": {"de": "einstellungen", "pl": "ustawienia"}},
    ),
)
_BARE = {
    word: (command, language or None)
    for command in COMMANDS
    for language, words in command.words.items()
    for word in words
}
# Words that users also use for the thing itself: "Abo", "Wochenbrief".
_NOUNS = {word: language for word, (command, language) in _BARE.items() if command.name != "unsubscribe"} | MORE_NOUNS


def bare_digest_intent(folded: str) -> tuple[Intent, str | None] | None:
    """Return what a plain text in a private chat can only mean ("den Wochenbrief abbestellen"), and its language."""
    words = _telling(folded)
    if len(words) == 1:
        command, language = _BARE.get(words[0], (None, None))
        return (command.parse(""), language) if command else None
    noun = next((word for word in words if word in _NOUNS), "")
    intent = _wished([word for word in words if word != noun]) if noun else None
    return (intent, _NOUNS[noun]) if intent is not None else None


def _wished(words: list[str]) -> Intent | None:
    """Return the wish that all these words are about; of a pause they may say how long."""
    word = next((word for word in words if word in _WISH_OF), "")
    choice = _WISH_OF.get(word, "")
    others = [other for other in words if not choice or _WISH_OF.get(other) != choice]
    if choice in ("pause", "resume") and _says_how_long(others):
        return (parse_pause if choice == "pause" else parse_resume)(" ".join(("digest", *others)))
    alone: dict[str, Intent] = {
        "end": Unsubscribe(), "settings": Digest("settings"), "again": Subscribe("again"), "now": Digest(),
    }  # fmt: skip
    return None if others else alone.get(choice)


def _says_how_long(words: list[str]) -> bool:
    said = " ".join(words)
    if not words or said in OFF or days_of(said) is not None:
        return True
    return words[0] in BEGINS_UNTIL and until_of(said, ANY_DAY) is not None


def _telling(folded: str) -> list[str]:
    return [word for word in folded.split() if word not in FILLING]
