# ruff: noqa: T201 - a tool that prints its figures
"""Make ``knowledge_base/places/ordinary_words.tsv.xz``: ordinary words that could be taken for the name of a place.

``python -m tools.make_ordinary_words NOUNS`` needs the packages wordfreq 3.1.1 (frequencies, CC BY-SA 4.0) and
simplemma 2.0.0 (dictionaries, MIT) in its environment. NOUNS is ``nouns.csv`` of the package german-nouns 1.2.5
(German Wiktionary, CC BY-SA 4.0), which tells common nouns from names. Make ``places.tsv.xz`` before.

A word is listed if it equals the name of a place or may be a bent form of one. The columns are the folded word and
four figures from 0 (no such word) to 9: as a German noun, as another German word, as an English and as a Polish word.
A figure is twice the Zipf frequency less 3. A large town's name makes the frequency of "Kiel" too high, so the other
forms of the word ("Kiele") limit it. More words and names, each a mistake away from a large town, have only noughts.
"""

from __future__ import annotations

import csv
import lzma
import re
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import wordfreq
from rapidfuzz import process
from rapidfuzz.distance import OSA
from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from knowledge_base.places.inflection import base_forms  # noqa: E402
from knowledge_base.places.names import Names  # noqa: E402
from knowledge_base.places.states import STATES  # noqa: E402
from knowledge_base.places.words import fold, folded_name  # noqa: E402

PLACES = ROOT / "knowledge_base" / "places" / "places.tsv.xz"
RESULT = ROOT / "knowledge_base" / "places" / "ordinary_words.tsv.xz"
LANGUAGES = ("de", "en", "pl")
RARE = 2.0  # Zipf frequency; rarer words are listed only where they equal a name
LARGE = 20_000  # inhabitants of a town that typing mistakes are corrected to
OTHER_FORMS = 0.7  # a word may be so much more frequent (Zipf) than its most frequent other form
OF_A_CITY = 100_000  # inhabitants: the frequency of such a name says nothing about a word of other languages
FREQUENT = 4  # figure of an English word that may also be the name of a city
TWO_EDITS_FROM = 8  # letters, as in typos.py
DISTRICT_KEY = 5  # digits
SHORTEST = 5  # letters of a town with an adjective that is hardly another word
NAMES = ("Toponym", "name", "Eigenname")

FREQUENCY = {language: wordfreq.get_frequency_dict(language, "large") for language in LANGUAGES}
DICTIONARY = {language: DefaultDictionaryFactory().get_dictionary(language) for language in LANGUAGES}
GERMAN: dict[str, float] = defaultdict(float)
for _word, _share in FREQUENCY["de"].items():
    GERMAN[fold(_word)] = max(GERMAN[fold(_word)], _share)
Figures = dict[str, list[int]]


def zipf(word: str, language: str) -> float:
    return wordfreq.zipf_frequency(word, language) if word in FREQUENCY[language] else 0.0


def lemma(word: str, language: str) -> str:
    try:
        return str(DICTIONARY[language][word])
    except KeyError:
        return ""


def german_nouns(path: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each form of each common noun, in small letters, with all forms of the noun."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            kinds = row["pos"]
            if "Substantiv" not in kinds or any(name in kinds for name in (*NAMES, "Abk", "Buchstabe")):
                continue
            forms = {v.lower() for k, v in row.items() if v and v.isalpha() and not k.startswith(("pos", "genus"))}
            yield from ((form, frozenset(forms)) for form in forms)


def paradigms(language: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each word in small letters that the dictionary knows so, with all forms of its word."""
    forms = defaultdict(set)
    for word in FREQUENCY[language]:
        if word.isalpha() and (base := lemma(word, language)) and (language != "de" or base.islower()):
            forms[base.lower()].add(word)
    for together in forms.values():
        for word in together:
            also_a_name = language == "en" and lemma(word.capitalize(), language) == word.capitalize()
            if not also_a_name:
                yield word, frozenset(together)


def figure(word: str, forms: frozenset[str], language: str, *, limited: bool) -> int:
    others = [zipf(form, language) for form in forms if fold(form) != fold(word)]
    most = max(others) + OTHER_FORMS if others and limited else 9.0
    return max(0, min(9, round(2 * min(zipf(word, language), most) - 3)))


def all_figures(nouns: str, names: dict[str, int]) -> Figures:
    figures: Figures = defaultdict(lambda: [0, 0, 0, 0])
    columns = [german_nouns(nouns), *(paradigms(language) for language in LANGUAGES)]
    for column, (pairs, language) in enumerate(zip(columns, ("de", *LANGUAGES), strict=True)):
        for word, forms in pairs:
            if (folded := fold(word)) and zipf(word, language) > 0:
                people = names.get(folded, 0)
                row, found = figures[folded], figure(word, forms, language, limited=people >= LARGE)
                row[column] = max(row[column], found)
                if column == 1 and word.endswith("n") and lemma(word, "de") == word and people < OF_A_CITY:
                    row[0] = max(row[0], found - 1)  # an infinitive is a noun, too: "das Gießen"
    return figures


def ordinary(figures: Figures, names: dict[str, int]) -> Iterator[str]:
    """Yield words that are the name of a place, or may be its bent form; the people of a state are none."""
    states = {folded_name(name) for state, others in STATES.items() for name in (state, *others)}
    for word, row in figures.items():
        people = [names[name] for name in (word, *base_forms(word)) if name in names]
        of_a_city = any(people) and max(people) >= OF_A_CITY and not (row[0] or row[1] or row[2] >= FREQUENT)
        frequent = max(row) >= 2 * RARE - 3 and (row[2] >= FREQUENT or not inhabitant(word, names))
        if word not in states and not of_a_city and ((any(row) and word in names) or (frequent and people)):
            yield word


def spelt_right(names: dict[str, int]) -> Iterator[str]:
    """Yield words and names that could be taken for a mistyped town."""
    large = [name for name, people in names.items() if people >= LARGE and " " not in name]
    for word in {fold(word) for language in LANGUAGES for word in FREQUENCY[language] if is_known(word, language)}:
        if word not in names and len(word) >= SHORTEST and is_near(word, large) and not inhabitant(word, names):
            yield word


def is_known(word: str, language: str) -> bool:
    """Return whether a word, or a name, is frequent and spelt right."""
    return zipf(word, language) >= RARE and bool(lemma(word, language) or lemma(word.capitalize(), language))


def is_near(word: str, names: Iterable[str]) -> bool:
    """Return whether a word is a typing mistake away from a name."""
    most = 2 if len(word) >= TWO_EDITS_FROM else 1
    same = [name for name in names if name[0] == word[0] and abs(len(name) - len(word)) <= most]
    return process.extractOne(word, same, scorer=OSA.distance, score_cutoff=most) is not None


def inhabitant(word: str, names: dict[str, int]) -> bool:
    """Return whether a word is first of all a large town's adjective or inhabitant: "Potsdamer", but not "Bürger"."""
    if not re.search(r"(?:e?r|isch)(?:s|n|e[rsnm]?)?$", word):
        return False
    large = [town for town in base_forms(word) if names.get(town, 0) >= LARGE]
    bent = lemma(word, "de") not in ("", word) and any(len(town) < SHORTEST for town in large)  # "leerer"
    return any(GERMAN[word] < GERMAN[town] for town in large) and not bent


def main(nouns: str) -> None:
    names = dict.fromkeys(Names(()).told, OF_A_CITY)
    for line in lzma.decompress(PLACES.read_bytes()).decode().splitlines():
        code, _, _, people, _, _, keys = line.split("\t")
        for key in keys.replace(";", "|").split("|"):
            names[key] = max(names.get(key, 0), int(people) if len(code) != DISTRICT_KEY else 1)
    figures = all_figures(nouns, names)
    words = {word: "".join(map(str, figures[word])) for word in ordinary(figures, names)}
    listed = sorted({**dict.fromkeys(spelt_right(names), "0000"), **words}.items())
    text = "".join(f"{word}\t{row}\n" for word, row in listed)
    RESULT.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(words)} ordinary words, {len(listed)} words, {RESULT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
