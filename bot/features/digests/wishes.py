"""What people write about their digest, read: topics, regions, languages. Pure."""

from __future__ import annotations

import re

from bot.commands.account import LANGUAGE_CODES
from knowledge_base.digests.material import NEAR, PLACE, STATE
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.places.states import STATES
from knowledge_base.vocabulary import Vocabulary, fold

OFFERED = (  # topics that the dialogue names
    "mobility", "climate-adaptation", "energy", "health", "education", "neighbourhoods", "civil-protection",
    "administration",
)  # fmt: skip
EVERYTHING = frozenset({"everything", "all", "alles", "alle", "alle themen", "wszystko", "wszystkie"})
EVERYWHERE = frozenset({"everywhere", "anywhere", "all", "ueberall", "uberall", "egal", "wszedzie", "cokolwiek"})
NEARBY = re.compile(
    r"\b(?:near|nearby|neighbours?|neighbors?|nachbarn?|nachbarkommunen|umgebung|sasiedzi|sasiadami|okolica|okolice)\b"
)
MINE = re.compile(r"\b(?:my|meine|unsere|our|moja|nasza|municipality|kommune|gmina|gemeinde|stadt)\b")
FILLING = re.compile(r"\b(?:and|und|i|in|w|the|der|die|das|its|ihre)\b")
OFF = frozenset({"off", "aus", "nein", "no", "nie", "wylacz"})
_LONGEST_TOPIC = 5  # words
STATE_OF = {fold(word): state for state, names in STATES.items() for word in (state, *names)}


def topics_of(text: str, vocabulary: Vocabulary) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """Topic ids (none: everything; ``None``: nothing was understood), and the words that are no topic."""
    if fold(text) in EVERYTHING:
        return (), ()
    topics: list[str] = []
    unknown: list[str] = []
    for part in re.split(r"[,;/\n]", text):
        _read_topics(part.split(), vocabulary, topics, unknown)
    return (tuple(dict.fromkeys(topics)) if topics else None), tuple(unknown)


def _read_topics(words: list[str], vocabulary: Vocabulary, topics: list[str], unknown: list[str]) -> None:
    """The longest topic names first."""
    while words:
        for length in range(min(len(words), _LONGEST_TOPIC), 0, -1):
            if topic := vocabulary.topic_of(" ".join(words[:length])):
                topics.append(topic.id)
                words = words[length:]
                break
        else:
            word, *words = words
            if not FILLING.fullmatch(fold(word)) and fold(word):
                unknown.append(word)


def region_of(text: str, gazetteer: Gazetteer) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
    """A region (none: everywhere; ``None``: nothing was understood), and the names that are no place."""
    folded = fold(text)
    if folded in EVERYWHERE or not folded:
        return (), ()
    near = bool(NEARBY.search(folded))
    if (near or MINE.search(folded)) and not FILLING.sub("", MINE.sub("", NEARBY.sub("", folded))).strip():
        return (NEAR,), ()
    places, unknown = [], []
    for part in re.split(r"[,;\n]", text):
        name = _without_neighbours(part)
        if state := STATE_OF.get(fold(name)):
            places.append(f"{STATE}{state}")
        elif rows := gazetteer.rows_named(name):
            places.append(f"{NEAR if near else PLACE}{gazetteer.municipalities[rows[0]].name}")
        elif name:
            unknown.append(name)
    return (tuple(places) if places else None), tuple(unknown)


def _without_neighbours(part: str) -> str:
    words = [word for word in part.split() if not NEARBY.search(fold(word))]
    while words and FILLING.fullmatch(fold(words[-1])):
        words.pop()
    while words and FILLING.fullmatch(fold(words[0])):
        words.pop(0)
    return " ".join(words)


def language_of(text: str) -> str | None:
    """A language's code; "auto" for the one of the chat; ``None``: there is no such language."""
    return LANGUAGE_CODES.get(text.strip().lower())
