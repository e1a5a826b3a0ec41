"""A greeting, thanks, or a question for the bot itself is no question for the knowledge base: pure."""

from __future__ import annotations

import re

from bot.commands.command import Intent
from bot.commands.general import Greet, Help, Thanks

# Folded as the router folds.
GREETINGS = {
    "de": ("hallo", "guten tag", "guten morgen", "guten abend", "moin", "moin moin", "servus", "gruess gott"),
    "en": ("hello", "hello there", "hi there", "good morning", "good afternoon", "good evening", "good day"),
    "pl": ("czesc", "dzien dobry", "dobry wieczor", "witam", "witaj", "siema"),
    "": ("hi", "hey", "hej"),
}
THANKS = {
    "de": ("danke", "danke schoen", "dankeschoen", "danke sehr", "vielen dank", "besten dank", "herzlichen dank",
           "super danke", "ok danke", "danke dir", "danke ihnen"),
    "en": ("thanks", "thank you", "thanks a lot", "many thanks", "thank you very much", "great thanks", "ok thanks"),
    "pl": ("dzieki", "dziekuje", "dziekuje bardzo", "bardzo dziekuje", "wielkie dzieki", "ok dzieki"),
}  # fmt: skip
ABOUT_ME = {
    "de": ("wer bist du", "wer sind sie", "was bist du", "was sind sie", "was kannst du", "was koennen sie",
           "was kann ich fragen", "was kann ich dich fragen", "was kann ich sie fragen", "was kann ich hier machen",
           "wie funktioniert das", "wie funktioniert das hier", "wie funktionierst du", "wie geht das hier",
           "wobei kannst du helfen", "wobei koennen sie helfen", "was machst du"),
    "en": ("who are you", "what are you", "what can you do", "what can i ask", "what can i ask you", "what is this",
           "how does this work", "how do you work", "what do you do", "what can i do here"),
    "pl": ("kim jestes", "czym jestes", "co potrafisz", "co umiesz", "jak to dziala", "jak dzialasz", "co robisz",
           "o co moge zapytac", "co moge tu zrobic", "w czym mozesz pomoc"),
}  # fmt: skip
TO_US = r"(?: stadtlotse| bot| zusammen| everybody| all)?"
_MEANT = {
    phrase: (intent, language or None)
    for intent, forms in ((Greet(), GREETINGS), (Thanks(), THANKS), (Help(), ABOUT_ME))
    for language, phrases in forms.items()
    for phrase in phrases
}


def polite_intent(folded: str) -> tuple[Intent, str | None] | None:
    """What a text means that is only polite, or asks the bot who it is, and its language; else ``None``."""
    said = " ".join(re.findall(r"\w+", folded))
    return _MEANT.get(re.sub(TO_US + "$", "", said))
