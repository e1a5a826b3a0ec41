"""A greeting or thanks with nothing behind it is no question: pure."""

from __future__ import annotations

import re

from bot.intents import Intent, Start, Thanks

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
TO_US = r"(?: stadtlotse| bot| zusammen| everybody| all)?"
_MEANT = {
    phrase: (intent, language or None)
    for intent, forms in ((Start(), GREETINGS), (Thanks(), THANKS))
    for language, phrases in forms.items()
    for phrase in phrases
}


def polite_intent(folded: str) -> tuple[Intent, str | None] | None:
    """What a text that is only polite means, and its language; ``None`` for a text that says more."""
    said = " ".join(re.findall(r"\w+", folded))
    return _MEANT.get(re.sub(TO_US + "$", "", said))
