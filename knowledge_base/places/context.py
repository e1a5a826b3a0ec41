"""Whether a sentence means a place by a word: "Essen" and "das Essen", "Hof" and "Hof und Garten". Pure.

No list tells which towns count. Each single word that names a place gets a score from what stands before and after it,
from how ordinary the word is in the language, and from the size of the place. The weights are fitted on half of
``tests/knowledge_base/places/sentences.jsonl`` by ``tools/fit_places.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import mul
from typing import NamedTuple

from knowledge_base.places.ordinary import frequency
from knowledge_base.places.place_names import PLACE_PREPOSITIONS, STRICT_PREPOSITIONS
from knowledge_base.places.words import Word


class Evidence(NamedTuple):
    """The evidence for a place, each about 0 … 1; also the weights of it."""

    always: float
    ordinary: float  # how frequent the word is as an ordinary one
    size: float  # of the place; places of the knowledge base count as large
    introduced: float  # a preposition of place stands before it; twice as much for "Stadt", "city of"
    article: float  # an article, adjective or pronoun stands beside it
    acts: float  # a verb beside it tells what it does: "Was macht Ulm"
    listed: float  # joined to a clear place; less than 0: joined to another word
    alone: float  # a large place, and no other word in the text
    small: float  # written small


# The only constants of the decision, with LARGE_TOWN of the register.
WEIGHTS = Evidence(
    always=-2.8, ordinary=-2.3, size=4.0, introduced=2.0, article=-2.1, acts=2.0, listed=3.4, alone=1.7, small=-1.7
)

_KINDS = frozenset(
    """stadt hansestadt landeshauptstadt stadtverwaltung gemeinde kommune markt landkreis kreis oberburgermeister
    city town municipality village miasto miasta miescie miastem gmina gminie gminy gmine""".split()
)
_ARTICLES = frozenset(
    """der die das dem den des ein eine einen einem einer eines kein keine keinen keiner im beim zum zur am vom ins ans
    aufs unser unsere unserem unseren unserer euer eure ihr ihre ihrem ihren mein meine meinem dein deine sein seine
    dieser diese dieses diesem diesen jeder jede jedes jedem alle allen viele vielen mehr weniger viel wenig etwas
    genug welche welcher welches welchen manche beide the a an this that these those my your our their his its some
    any no much many more less every each to too very such""".split()
)
_PRONOUNS = frozenset(
    """ich du er sie es wir ihr man sich zu nicht kann konnen konnte konnten darf durfen soll sollen will wollen mochte
    mochten muss mussen lassen gehen wird werden you he she we they can could should would will must dont not let
    mozna mozemy chce chcemy""".split()
)
_ACTS = frozenset(
    """arbeiten are baut betreibt bietet buduje builds chce did do does entwickelt fordert fuhrt haben had has
    hat hatte have is ist jest kann ma machen macht machte maja mial mialo nutzt oferuje offers planen plans
    plant plante planuje prowadzi robi runs setzt suchen sucht tat testet tut unternimmt uses war was wdraza
    were will wird wollen zrobil zrobila zrobilo""".split()
)
_ALSO_OF_THINGS = frozenset("bei at from".split())  # "bei Regen"
_INSIDE = frozenset("in im bei an am w we near".split())  # "Halle in Sachsen-Anhalt"
_JOINING = frozenset("und oder sowie bzw and or i oraz lub albo".split())
_NEGATING = frozenset("nicht not nie".split())  # "nicht Lübeck und nicht Kiel"
_INFLECTED = ("es", "em", "er", "en", "e")
_MOST_LISTED = 6  # words that a list may go on before a clear place


@dataclass(frozen=True, slots=True)
class Spot:
    """The words ``first`` to ``last`` (exclusive) of a text, as the name of a place of a size from 0 to 1.

    The name of a ``region`` may have an article: "im Harz".
    """

    words: Sequence[Word]
    first: int
    last: int
    size: float
    region: bool = False

    def before(self, steps: int = 1) -> str:
        return self.words[self.first - steps].folded if self.first >= steps else ""

    @property
    def after(self) -> str:
        return self.words[self.last].folded if self.last < len(self.words) else ""


def means_place(spot: Spot, language: str, is_clear: Callable[[int], bool], is_place: Callable[[str], bool]) -> bool:
    """Return whether the text means a place there; ``is_clear`` tells whether a clear place stands at a word.

    ``is_place`` tells whether a folded word names a place at all.
    """
    return score(evidence_of(spot, language, is_clear, is_place)) > 0.0


def score(evidence: Evidence) -> float:
    """Return the weighted sum; a place is meant above 0."""
    return float(sum(map(mul, WEIGHTS, evidence)))


def evidence_of(
    spot: Spot, language: str, is_clear: Callable[[int], bool], is_place: Callable[[str], bool]
) -> Evidence:
    """Return what speaks for a place and against it."""
    word = spot.words[spot.first]
    begins = spot.first == 0 or word.start - spot.words[spot.first - 1].end > 2
    common = frequency(word.folded, language, noun_only=word.capital and not begins)
    small, listed = _small(spot), _listed(spot, is_clear, is_place)
    return Evidence(
        always=1.0,
        ordinary=(common + 3) / 12.0 if common else 0.0,
        size=spot.size,
        introduced=_introduced(spot) if small < 1.0 else 0.0,
        article=_article(spot) if common and not spot.region else 0.0,
        acts=float(spot.before() in _ACTS or spot.after in _ACTS),
        listed=0.0 if small == 1.0 else listed if common else max(0.0, listed),
        alone=spot.size**2 if len(spot.words) == 1 else 0.0,
        small=small if common else small / 2.0,
    )


def _introduced(spot: Spot) -> float:
    before = spot.before(2) if spot.before() in {"of", "von"} and spot.before(2) in _KINDS else spot.before()
    if before in _KINDS:
        return 2.0
    if spot.region and before == "im":
        return 1.0
    if before in STRICT_PREPOSITIONS and before not in _ALSO_OF_THINGS:
        return 1.0
    return 0.5 if before in PLACE_PREPOSITIONS and before != "im" else 0.0


def _article(spot: Spot) -> float:
    """Return 1 beside an article, a pronoun, or an adjective that only a thing has; less for a likely adjective."""
    before, further = spot.before(), spot.before(2)
    if before in _ARTICLES or before in _PRONOUNS or spot.after in _PRONOUNS:
        return 1.0
    lower = spot.first and (spot.first == 1 or not spot.words[spot.first - 1].capital)
    if not lower or not before.endswith(_INFLECTED) or before in PLACE_PREPOSITIONS or before in _KINDS | _JOINING:
        return 0.0
    return 1.0 if further in _ARTICLES or before.endswith(_INFLECTED[:2]) else 0.5


def _listed(spot: Spot, is_clear: Callable[[int], bool], is_place: Callable[[str], bool]) -> float:
    """Return 1 beside a clear place, and -1 where a conjunction joins it to a word that is none."""
    words = spot.words
    if spot.first and (is_clear(spot.first - 1) or (spot.before() in _JOINING and is_clear(spot.first - 2))):
        return 1.0
    if spot.before() in _NEGATING and spot.before(2) in _JOINING and is_clear(spot.first - 3):
        return 1.0
    number = spot.last
    while number < min(len(words), spot.last + _MOST_LISTED):
        if is_clear(number):
            return 1.0
        joins = words[number].folded in _JOINING or words[number].start - words[number - 1].end > 1
        if not joins and words[number].folded not in _INSIDE:
            break
        number += 1
    other = words[spot.last + 1 : spot.last + 2] if spot.after in _JOINING else ()
    if not other and spot.before() in _JOINING:
        other = words[max(0, spot.first - 2) : spot.first - 1]
    return -1.0 if other and other[0].capital == words[spot.first].capital and not is_place(other[0].folded) else 0.0


def _small(spot: Spot) -> float:
    """Return 1 for small letters in a text with capitals, less where the text has none or all are capitals."""
    word = spot.words[spot.first]
    if word.capital:
        return 0.5 if len(spot.words) > 1 and all(other.text.isupper() for other in spot.words) else 0.0
    return 1.0 if any(other.capital for other in spot.words) else 0.5
