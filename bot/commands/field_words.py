"""The fields of records in the words of editors: de, en, pl. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.commands.command import fold
from knowledge_base.model import ContactNetwork

# Field -> language -> its words; the first one is shown. Every field can also be typed by its own name.
FIELD_WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "title": {"de": ("Titel", "Bezeichnung", "Projekttitel"), "en": ("title",), "pl": ("tytuł", "nazwa")},
    "text": {
        "de": ("Text", "Beschreibung", "Kurzbeschreibung"), "en": ("text", "description"), "pl": ("tekst", "opis"),
    },
    "municipality": {
        "de": ("Kommune", "Gemeinde", "Stadt", "Ort"), "en": ("municipality", "town", "city"),
        "pl": ("gmina", "miasto", "miejscowość"),
    },
    "members": {
        "de": ("Beteiligte", "Partnerkommunen", "Partner"), "en": ("members", "partners"),
        "pl": ("uczestnicy", "partnerzy"),
    },
    "state": {"de": ("Bundesland", "Land"), "en": ("state", "region"), "pl": ("województwo", "land")},
    "kind": {"de": ("Art", "Projektart"), "en": ("kind", "type"), "pl": ("rodzaj", "typ")},
    "topics": {
        "de": ("Themen", "Thema", "Handlungsfelder", "Handlungsfeld"), "en": ("topics", "topic"),
        "pl": ("tematy", "temat", "obszary", "obszar"),
    },
    "funding_round": {
        "de": ("Förderrunde", "Staffel", "Förderprogramm"), "en": ("funding round", "round", "programme"),
        "pl": ("runda finansowania", "runda", "program"),
    },
    "status": {"de": ("Stand", "Umsetzungsstand"), "en": ("status", "stage"), "pl": ("stan", "etap")},
    "period": {"de": ("Laufzeit", "Zeitraum"), "en": ("period", "duration"), "pl": ("okres", "czas trwania")},
    "contact_role": {
        "de": ("Zuständig", "zuständige Stelle", "Ansprechstelle", "Ansprechpartner", "Ansprechpartnerin"),
        "en": ("responsible", "contact role", "responsible office"),
        "pl": ("odpowiedzialny", "odpowiedzialna jednostka", "kontakt"),
    },
    "transferability": {
        "de": ("Übertragbarkeit", "übertragbar"), "en": ("transferability",), "pl": ("możliwość przeniesienia",),
    },
    "funding": {
        "de": ("Finanzierung", "Förderung", "Mittel", "Kosten"), "en": ("funding", "cost", "costs"),
        "pl": ("finansowanie", "koszty"),
    },
    "url": {"de": ("Link", "Webseite", "Website", "Adresse"), "en": ("link", "website"), "pl": ("strona", "link")},
    "sources": {"de": ("Quellen", "Quelle"), "en": ("sources",), "pl": ("źródła", "źródło")},
    "licence": {"de": ("Lizenz",), "en": ("licence", "license"), "pl": ("licencja",)},
    "as_of": {"de": ("Stand vom", "Datenstand"), "en": ("as of",), "pl": ("stan na", "stan z dnia")},
    "checked": {
        "de": ("geprüft", "geprüft am", "zuletzt geprüft"), "en": ("checked", "last checked"),
        "pl": ("sprawdzono", "sprawdzone"),
    },
    "lang": {"de": ("Sprache",), "en": ("language",), "pl": ("język",)},
    "role": {"de": ("Rolle", "Funktion"), "en": ("role",), "pl": ("rola", "funkcja")},
    ContactNetwork.EMAIL.value: {
        "de": ("E-Mail", "Mail", "Mailadresse"), "en": ("e-mail", "mail"), "pl": ("e-mail", "mail"),
    },
    "phone": {"de": ("Telefon", "Telefonnummer"), "en": ("phone", "telephone"), "pl": ("telefon",)},
    "matrix_id": {"de": ("Matrix-Kennung", "Matrix"), "en": ("Matrix ID", "Matrix"), "pl": ("identyfikator Matrix",)},
    "projects": {"de": ("Projekte",), "en": ("projects",), "pl": ("projekty",)},
    "deputy": {"de": ("Vertretung",), "en": ("deputy",), "pl": ("zastępstwo",)},
    "legal_basis": {"de": ("Rechtsgrundlage",), "en": ("legal basis",), "pl": ("podstawa prawna",)},
    "source": {"de": ("Herkunft",), "en": ("source",), "pl": ("pochodzenie",)},
}  # fmt: skip
_MOST_WORDS = 4  # of a field's name


def _by_word() -> dict[str, str]:
    words: dict[str, str] = {}
    for field, languages in FIELD_WORDS.items():
        for word in (field, *(word for known in languages.values() for word in known)):
            words.setdefault(_plain(word), field)
    return words


def _plain(word: str) -> str:
    return fold(word).replace("_", " ")


_FIELDS = _by_word()


def field_of(word: str) -> str:
    """Return the field that a word names in any of the languages; the folded word if it names none."""
    return _FIELDS.get(_plain(word), fold(word))


def label_of(field: str, language: str) -> str:
    """Return a field as editors of a language read it."""
    return FIELD_WORDS.get(field, {}).get(language, (field,))[0]


def split_field(text: str) -> tuple[str, str]:
    """Return the field that a text begins with, and what follows; the longest known name counts.

    "Stand in Betrieb" has the field ``status``. A text with "=" that begins with no known field has the words before
    it as its field; another text its first word.
    """
    for token in reversed([*re.finditer(r"[^\s=:]+", text)][:_MOST_WORDS]):
        name = text[: token.end()]
        if _plain(name) in _FIELDS and not re.search("[=:]", name):
            return field_of(name), text[token.end() :].strip()
    before, equals, after = text.partition("=")
    if equals and before.strip():
        return field_of(before), f"={after}".strip()
    first, _, rest = text.partition(" ")
    return field_of(first), rest.strip()
