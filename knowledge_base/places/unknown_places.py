"""Names of places that are in no list: "in Kleinkleckersdorf", "in Swindon", "w Pcimiu".

English and Polish write few other words with a capital after "in". German writes every noun so, and there the end of
the word also has to look like a place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from knowledge_base.places.place_names import NOWHERE, PLACE_PREPOSITIONS
from knowledge_base.places.words import Word

_BEFORE = {"de": PLACE_PREPOSITIONS, "en": frozenset({"in"}), "pl": frozenset("w we".split())}
_KINDS = {  # a name follows, whatever its ending
    "de": frozenset("landkreis landkreises kreis kreises samtgemeinde verbandsgemeinde".split()),
    "en": frozenset("city town municipality district county village borough".split()),  # of …
    "pl": frozenset("gmina gminie gminy miescie powiat powiatu powiecie".split()),
}
_GERMAN_NAME = re.compile(
    r"\w{3,}(?:dorf|burg|berg|berge|hausen|ingen|rode|bach|furt|furth|hagen|bruck|ow|born|stedt|buttel|walde|munde|"
    r"itz|itzsch|kirchen|heim|roda|sleben|witz|beck|thal|scheid|weiler|koog|gau)"
)
_NO_NAME = re.compile(  # words that end like a place but are not one
    r"\w*(?:(?:wohn|pflege|alten|alters|senioren|kinder|jugend|vereins|tier|schullandz?)heim|geheim|daheim|"
    r"(?:ferien|kinder|nachbar|heimat|museums)dorf|(?:be|vor|bei|wohn|haupt)sitz|notitz|(?:wein|schul|muell)berg|"
    r"know|workflow|show|follow|window|dingen|\w+ringen)"
)
_NOT_ABROAD = NOWHERE | frozenset(
    """january february march april may june july august september october november december german polish english
    sorbian european french dutch british ukrainian spring summer autumn winter excel internet europie europy niemczech
    niemiec niemcami niemczami polska polsce polski internecie unii excelu wordzie ministerstwie urzedzie
    panstwa panstwu waszej naszej brandenburgu excela teams""".split()
)
_MOST = 4  # words of a name


def unknown_name(words: Sequence[Word], first: int, language: str, ordinary: Callable[[str], bool]) -> int:
    """Return the end (exclusive) of a name that begins with the word ``first``; ``first`` when there is no name."""
    if not first or not _named(words[first]) or ordinary(words[first].folded):
        return first
    kind = _after_kind(words, first, language)
    if not kind and words[first - 1].folded not in _BEFORE.get(language, ()):
        return first
    if language == "de":
        name = words[first].folded
        return first + (kind or bool(_GERMAN_NAME.fullmatch(name) and not _NO_NAME.fullmatch(name)))
    if _shouted(words, first) or words[first].folded in _NOT_ABROAD:
        return first
    last, end = first + 1, min(len(words), first + _MOST)
    while last < end and _named(words[last]) and words[last].start == words[last - 1].end + 1:
        last += 1
    return last


def _after_kind(words: Sequence[Word], first: int, language: str) -> bool:
    """Return whether the word before names the kind of place: "Landkreis Gifhorn", "city of Utrecht"."""
    before = words[first - 2 : first - 1] if words[first - 1].folded == "of" else words[first - 1 : first]
    return any(word.folded in _KINDS.get(language, ()) for word in before)


def _named(word: Word) -> bool:
    """Return whether the word is written like a name: a capital and then small letters."""
    return len(word.text) > 2 and word.text.isalpha() and word.text.istitle()


def _shouted(words: Sequence[Word], name: int) -> bool:
    """Return whether capitals mean nothing here: most other words have one."""
    others = [word for number, word in enumerate(words) if number not in {0, name}]
    return sum(word.capital for word in others) > len(others) / 2
