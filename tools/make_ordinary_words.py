# ruff: noqa: T201 - a tool that prints its figures
"""Make ``knowledge_base/places/ordinary_words.tsv.xz``: ordinary words that could be taken for the name of a place.

``python -m tools.make_ordinary_words NOUNS`` needs the packages wordfreq 3.1.1 (frequencies, CC BY-SA 4.0) and
simplemma 2.0.0 (dictionaries, MIT) in its environment. NOUNS is ``nouns.csv`` of the package german-nouns 1.2.5
(German Wiktionary, CC BY-SA 4.0), which tells common nouns from names. Make ``places.tsv.xz`` before.

A word is listed if it equals the name of a place, may be a bent form of one, or is a typing mistake away from
a large town. The columns are the folded word and four figures from 0 (no such word) to 9: as a German noun, as another
German word, as an English and as a Polish word. A figure is twice the Zipf frequency less 3. The forms of a town's name
make the frequency of "Essen" and "Kiel" too high, so the other forms of the same word ("Kiele") limit it.
"""

from __future__ import annotations

import csv
import lzma
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import wordfreq
from simplemma.strategies.dictionaries.dictionary_factory import DefaultDictionaryFactory

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from knowledge_base.places.inflection import base_forms  # noqa: E402
from knowledge_base.places.typos import Corrector  # noqa: E402
from knowledge_base.places.words import fold  # noqa: E402

PLACES = ROOT / "knowledge_base" / "places" / "places.tsv.xz"
RESULT = ROOT / "knowledge_base" / "places" / "ordinary_words.tsv.xz"
LANGUAGES = ("de", "en", "pl")
RARE = 2.0  # Zipf frequency; rarer words are listed only where they equal a name
LARGE = 20_000  # inhabitants of a town that typing mistakes are corrected to
OTHER_FORMS = 0.7  # a word may be so much more frequent (Zipf) than its most frequent other form
OF_A_CITY = 100_000  # inhabitants: the frequency of such a name says nothing about a rare word of the same spelling
NAMES = ("Toponym", "name", "Eigenname")

FREQUENCY = {language: wordfreq.get_frequency_dict(language, "large") for language in LANGUAGES}
DICTIONARY = {language: DefaultDictionaryFactory().get_dictionary(language) for language in LANGUAGES}
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


def figure(word: str, forms: frozenset[str], language: str) -> int:
    others = [zipf(form, language) for form in forms if fold(form) != fold(word)]
    most = max(others) + OTHER_FORMS if others else 9.0
    return max(0, min(9, round(2 * min(zipf(word, language), most) - 3)))


def all_figures(nouns: str) -> Figures:
    figures: Figures = defaultdict(lambda: [0, 0, 0, 0])
    columns = [german_nouns(nouns), *(paradigms(language) for language in LANGUAGES)]
    for column, (pairs, language) in enumerate(zip(columns, ("de", *LANGUAGES), strict=True)):
        for word, forms in pairs:
            if (folded := fold(word)) and zipf(word, language) > 0:
                figures[folded][column] = max(figures[folded][column], figure(word, forms, language))
    return figures


def wanted(figures: Figures, names: dict[str, int]) -> Iterable[str]:
    corrector = Corrector(name for name, people in names.items() if people >= LARGE)
    for word, row in figures.items():
        if any(row) and word in names:
            if names[word] < OF_A_CITY or row[0] or row[1]:
                yield word
        elif max(row) >= 2 * RARE - 3 and (any(base in names for base in base_forms(word)) or corrector.correct(word)):
            yield word


def main(nouns: str) -> None:
    names: dict[str, int] = {}
    for line in lzma.decompress(PLACES.read_bytes()).decode().splitlines():
        _, _, _, people, _, _, keys = line.split("\t")
        for key in keys.replace(";", "|").split("|"):
            names[key] = max(names.get(key, 0), int(people))
    figures = all_figures(nouns)
    words = sorted(set(wanted(figures, names)))
    text = "".join(f"{word}\t{''.join(map(str, figures[word]))}\n" for word in words)
    RESULT.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    print(f"{len(words)} words, {sum(word in names for word in words)} of them names, {RESULT.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(*sys.argv[1:])
