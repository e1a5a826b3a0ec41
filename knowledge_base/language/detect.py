"""Which of the three languages a short, messy question is in.

Evidence is added up per language: function words (typed with or without accents), words of the trade and everyday
question words, letters that only one of the three uses, and letter groups that are far more common in one. A question
without evidence ("LoRaWAN", "Potsdam?") has no language of its own; the caller knows better what to fall back on.
"""

from __future__ import annotations

import re
from functools import cache

from knowledge_base.language.tokens import LANGUAGES, STOP_WORDS
from knowledge_base.places.words import Word, clean, fold, words_of
from knowledge_base.vocabulary import bundled

_WEIGHT_FUNCTION, _WEIGHT_WORD, _WEIGHT_TOPIC, _WEIGHT_LETTER, _WEIGHT_GROUP = 2.0, 1.6, 1.3, 1.5, 0.5
_WEIGHT_LETTER_OF_NAME = 0.5  # "Słubice" in a German question says little
_SURE = 1.0  # at least this much evidence, and more than for any other language

_WORDS = {
    "de": """wer wen wem welche welcher welches wo wie was warum gibt gibts jemand zustaendig zuständig projekt projekte
    vorhaben massnahmen beispiele stadt städte staedte gemeinde gemeinden kommune kommunen dorf dörfer landkreis
    land ländlich laendlich kleine kleiner kleinen nur auch abgeschlossen abgeschlossene geplant geplante laufende
    fertig ansprechpartner ansprechpartnerin kontakt hilfe danke hallo moin verkehr mobilität energie bildung
    gesundheit hitze hochwasser beteiligung daten offene buerger bürger verwaltung umwelt klima schutz wasser strom
    förderung foerderung staffel runde seit jahr jahre nähe naehe umgebung grenze polen polnische digitale digitaler
    digitalen digitales digital nochmal gegen mehr einen nen n erfahrung erfahrungen lösung loesung brauchen brauche
    suche suchen hat habt haben isses heisst heißt oma wetter morgen gestern heute tut läuft laeuft kriegt krieg für
    im vom zum infos wieviel geld ansprechp zähler zaehler zeigt anzeigen messen online-portal mitwirken neuer neues
    neue""",
    "en": """who whom which what where when how why does do did done has have had the any anyone anybody any1 someone
    project projects cities town towns village villages municipality municipalities council councils small rural only
    finished completed planned running ongoing contact person charge responsible help thanks hello hi near nearby
    border polish german mobility traffic transport energy education health heat tree trees register registration
    tax free flood flooding citizens citizen participation open water climate round funded funding since year years
    show tell me give list about using use used with against already yet still best practice examples example
    solution solutions people residents network sensor sensors planning building buildings school schools emergency
    disaster runs run their weather today tomorrow yesterday write joke recipe pls plz u""",
    "pl": """kto kogo komu kim co gdzie kiedy jak jaka jaki jakie jakich ktora które ktore który ktory których ktorych
    czy ktoś ktos projekt projekty projektów projektow projekcie miasto miasta miast miastach mieście miescie gmina
    gminy gmin gminach gminie wieś wies wsi wsiach mały mala mała małe male małych malych tylko zakończone
    zakonczone planowane odpowiada odpowiedzialny odpowiedzialna kontakt pomoc dzięki dzieki dzień dobry czesc cześć
    hej blisko obok koło kolo pobliżu poblizu granica granicy polsko niemiecki niemieckie mobilność mobilnosc
    mobilności energia energii edukacja zdrowie upał upal upałem powódź powodz powodzi mieszkańców mieszkancow
    mieszkańcy udział dane danych otwarte woda wody klimat klimatu runda edycja edycji od rok roku lat latach pokaż
    pokaz podaj lista oraz przeciw przykłady przyklady rozwiązanie rozwiazanie ludzi sieć siec czujniki planowanie
    budynki budynków szkoły szkoly ochrona ochrony współpraca wspolpraca cyfrowy cyfrowa cyfrowe transport pogoda
    jutro wczoraj przepis sobie radza zajmuje robi robił robili zrobił zrobili darmowe wifi urząd urzad mieszkania
    dzisiaj ma mają maja jest są ruch ruchu""",
}
_BRAND_WORDS = frozenset(
    "smart city cities open data source app apps portal hub lab labor dashboard cockpit online".split()
)
# German and Polish staff write these English terms too, so they say nothing about the language.
_SHARED_TERMS = re.compile(
    r"\b(?:smart (?:city|cities|region|grid|parking|water|home|mobility|village)|open (?:data|source|government)"
    r"|digital twin|urban data platform"
    r"|citizen science|mobility hub|test)\b",
    re.IGNORECASE,
)
_LETTERS = {"de": re.compile("[äöüß]"), "pl": re.compile("[ąćęłńśźż]|ó")}
_GROUPS = {
    "de": re.compile(
        r"sch|ung\b|ungen\b|keit|heit|lich|ische?n?\b|tz|ck|pf|ei(?=[nt])|chen\b|\bge(?=[^t])|zu\b|rung|ieren\b"
    ),
    "en": re.compile(
        r"th|tion\b|tions\b|ing\b|ings\b|ment\b|ity\b|ities\b|ough|ee(?!r)|oo|wh|sh(?=[aeiou]|\b)|ly\b|ness\b"
    ),
    "pl": re.compile(
        r"sz|cz|rz|dz|owa|owi|ych\b|ego\b|iej\b|ow\b|anie\b|enie\b|osc|nie\b|ie\b|scia?\b|ami\b|ach\b|prz|zy"
    ),
}


def guess_language(text: str) -> str | None:
    """The language of a question, ``"de"``, ``"en"`` or ``"pl"``; None when the text gives no evidence."""
    scores = _scores(_SHARED_TERMS.sub(" ", clean(text)))
    best = max(LANGUAGES, key=lambda language: scores[language])
    others = max(score for language, score in scores.items() if language != best)
    return best if scores[best] >= _SURE and scores[best] > others else None


def detect_language(text: str, *, fallback: str = "de") -> str:
    """``guess_language``, or ``fallback`` (the language that this person used last, else German)."""
    return guess_language(text) or fallback


@cache
def _weights() -> dict[str, dict[str, float]]:
    """Word -> language -> weight; a word of several languages counts less, split among them."""
    weights: dict[str, dict[str, float]] = {}
    for language in LANGUAGES:
        words = dict.fromkeys(_topic_words(language), _WEIGHT_TOPIC)
        words |= dict.fromkeys(_WORDS[language].split(), _WEIGHT_WORD)
        words |= dict.fromkeys(STOP_WORDS[language], _WEIGHT_FUNCTION)
        for word, weight in words.items():
            for spelling in {word, fold(word)}:
                weights.setdefault(spelling, {})[language] = weight
    return {word: {lang: w / len(langs) for lang, w in langs.items()} for word, langs in weights.items()}


def _topic_words(language: str) -> set[str]:
    """The words of the controlled vocabulary in one language: what questions are about."""
    phrases = (
        phrase for topic in bundled().topics for phrase in (topic.labels[language], *topic.synonyms.get(language, ()))
    )
    words = {word.text.casefold() for phrase in phrases for word in words_of(phrase) if len(word.text) > 3}
    return words - _BRAND_WORDS


def _scores(text: str) -> dict[str, float]:
    scores = dict.fromkeys(LANGUAGES, 0.0)
    weights = _weights()
    for word in words_of(text):
        lower = word.text.casefold()
        known = weights.get(lower) or weights.get(word.folded)
        if known:
            for language, weight in known.items():
                scores[language] += weight
        else:
            _score_letters(word, scores)
    return scores


def _score_letters(word: Word, scores: dict[str, float]) -> None:
    """Evidence from the spelling of a word that no list knows."""
    for language, letters in _LETTERS.items():
        if letters.search(word.text.casefold()):
            name = word.capital and language != "de"  # German capitalises every noun
            scores[language] += _WEIGHT_LETTER_OF_NAME if name else _WEIGHT_LETTER
    for language, groups in _GROUPS.items():
        scores[language] += _WEIGHT_GROUP * min(2, len(groups.findall(word.folded)))
