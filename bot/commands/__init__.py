"""The commands: every word that is one, in each language. The only list of them."""

from __future__ import annotations

import re
import unicodedata

# name -> its words by language; the first of each is the one that help shows
COMMANDS: dict[str, dict[str, tuple[str, ...]]] = {
    "start": {"": ("start",)},
    "help": {"en": ("help",), "de": ("hilfe",), "pl": ("pomoc",)},
    "ask": {"en": ("ask",), "de": ("frage",), "pl": ("pytanie",)},
    "more": {"en": ("more",), "de": ("mehr",), "pl": ("wiecej", "więcej")},
    "show": {"en": ("show",), "de": ("zeige",), "pl": ("pokaz", "pokaż")},
    "language": {"en": ("language",), "de": ("sprache",), "pl": ("jezyk", "język")},
    "useful": {"en": ("useful",), "de": ("hilfreich",), "pl": ("przydatne",)},
    "useless": {"en": ("useless",), "de": ("unpassend",), "pl": ("nieprzydatne",)},
    "profile": {"en": ("profile",), "": ("profil",)},
    "verify": {"en": ("verify",), "de": ("bestaetigen", "bestätigen"), "pl": ("weryfikuj",)},
    "disconnect": {"en": ("disconnect",), "de": ("trennen",), "pl": ("rozlacz", "rozłącz")},
    "pause": {"": ("pause",), "pl": ("pauza",)},
    "resume": {"en": ("resume",), "de": ("fortsetzen",), "pl": ("wznow", "wznów")},
    "refuse": {"en": ("do-not-introduce",), "de": ("nicht-vermitteln",), "pl": ("nie-przedstawiaj",)},
    "privacy": {"en": ("privacy",), "de": ("datenschutz",), "pl": ("prywatnosc", "prywatność")},
    "mydata": {"en": ("mydata",), "de": ("meinedaten",), "pl": ("mojedane",)},
    "forget": {"en": ("forget",), "de": ("loeschen", "löschen"), "pl": ("usun", "usuń")},
    "correct": {"en": ("correct",), "de": ("korrektur", "berichtigen"), "pl": ("sprostowanie", "sprostuj")},
    "withdraw": {"en": ("withdraw",), "de": ("widerruf",), "pl": ("cofnij",)},
    "intro": {"en": ("intro",), "": ("kontakt",)},
    "accept": {"en": ("accept",), "de": ("ja",), "pl": ("tak",)},
    "decline": {"en": ("decline",), "de": ("nein",), "pl": ("nie",)},
    "deputy": {"en": ("deputy",), "de": ("vertretung",), "pl": ("zastepstwo", "zastępstwo")},
    "nottopic": {"en": ("not-my-topic",), "de": ("nicht-mein-thema",), "pl": ("nie-moj-temat", "nie-mój-temat")},
    "never": {"en": ("never-again",), "de": ("nie-wieder",), "pl": ("nigdy-wiecej", "nigdy-więcej")},
    "helped": {"en": ("helped",), "de": ("geholfen",), "pl": ("pomoglo", "pomogło")},
    "subscribe": {"en": ("subscribe",), "de": ("abo", "abonnieren"), "pl": ("subskrypcja", "subskrybuj")},
    "unsubscribe": {"en": ("unsubscribe",), "de": ("abbestellen",), "pl": ("rezygnuj",)},
    "digest": {"en": ("digest",), "de": ("wochenbrief",), "pl": ("biuletyn",)},
    "pass-on": {"en": ("pass-on",), "de": ("weitergeben",), "pl": ("przekaz", "przekaż")},
    "reply": {"en": ("reply",), "de": ("antwort", "antworten"), "pl": ("odpowiedz",)},
    "questions": {"en": ("questions",), "de": ("fragen",), "pl": ("pytania",)},
    "edit": {"en": ("edit",), "de": ("bearbeiten",), "pl": ("edytuj",)},
    "remove": {"en": ("remove",), "de": ("entfernen",), "pl": ("usun-wpis",)},
}
WORDS = {word: (name, language or None) for name, forms in COMMANDS.items() for language, word in (
    (language, word) for language, words in forms.items() for word in words
)}  # fmt: skip

YES = {"de": "ja", "en": "yes", "pl": "tak"}
NO = {"de": "nein", "en": "no", "pl": "nie"}
CONFIRMED = ("forget", "remove", "verify", "questions")  # commands that end with "yes" when they are meant
ARGUMENTS = {  # what follows, where it is a word, too
    "digest settings": {"de": "einstellungen", "pl": "ustawienia"},
    "subscribe again": {"de": "wieder", "pl": "ponownie"},
    "pass-on withdraw": {"de": "widerruf", "pl": "wycofaj"},
    "reply editors": {"de": "redaktion", "pl": "redakcja"},
    "reply withdraw": {"de": "widerruf", "pl": "wycofaj"},
    "questions new": {"de": "neu", "pl": "nowy"},
    "questions discard": {"de": "verwerfen", "pl": "odrzuc"},
}

NAMED = re.compile(rf"(?<![\w!])!(?:{'|'.join(sorted(WORDS, key=len, reverse=True))})(?![\w-])")  # within a text

EDITORS_COMMANDS = ("questions", "edit", "remove")


def is_command(text: str) -> bool:
    """Whether a text in a room is a command of ours, though the bot was not mentioned."""
    word = text.strip()[1:].split(maxsplit=1)
    return text.strip()[:1] in ("!", "/") and bool(word) and word_of(word[0]) in WORDS


def typed(command: str, language: str) -> str:
    """A command ("more", "show bb-cottbus") as a person of this language would type it."""
    name, _, rest = command.partition(" ")
    forms = COMMANDS[name]
    word = forms.get(language, forms.get("", forms.get("en", (name,))))[0]
    first, _, others = rest.partition(" ")
    if translated := ARGUMENTS.get(f"{name} {first}", {}).get(language):
        rest = f"{translated} {others}".rstrip()
    if name in CONFIRMED and rest.endswith("yes"):
        rest = rest.removesuffix("yes") + YES.get(language, "yes")
    return f"!{word} {rest}".rstrip()


def word_of(word: str) -> str:
    """A command's word without the bot's name that Telegram appends, and with the hyphens that it does not know."""
    return unicodedata.normalize("NFC", word).partition("@")[0].lower().replace("_", "-")
