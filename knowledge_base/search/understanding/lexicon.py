"""Topics and funding rounds as questions name them: by synonym, bent, misspelt, inside German compounds.

Compiled once from the vocabulary; a look-up costs a few dictionary accesses per word.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from knowledge_base.language.tokens import LANGUAGES, STOP_WORDS, stem_all
from knowledge_base.model import FundingRound, Topic
from knowledge_base.places.typos import Corrector
from knowledge_base.places.words import Word, fold, folded_name, words_of

_MAX_PHRASE = 5
_MIN_HEAD = 5  # letters of a topic word at the start of a compound: "hitze" in "Hitzeaktionstag"
_MIN_TAIL = 7  # at its end: "beteiligung" in "Kinderbeteiligung"; shorter ones also end unrelated words
_MIN_CORRECTED = 8
_GENERIC = frozenset("smart city projekt projekte kommune stadt place places model models land anwendung".split())
_NO_PART = _GENERIC | frozenset(  # of a compound: they name too many other things
    "digital digitale digitaler digitales karte lager platz platze spiele gaste amt amter zug bahn miete brand".split()
)
_STOP = frozenset(fold(word) for words in STOP_WORDS.values() for word in words)
_NUMBER_OF_PROGRAMME = re.compile(
    r"(?<!\S)([123])(?:te[nr]?|ter|st|nd|rd)? "
    r"(?:staff?el|runde|forderrunde|round|cohort|edycj\w*|rund\w*|nabor\w*)(?!\S)"
)


@dataclass(frozen=True, slots=True)
class TopicMention:
    """A topic named by the words ``first`` to ``last`` (exclusive); ``exact`` unless inside a compound or misspelt."""

    topic: str
    first: int
    last: int
    exact: bool


class Lexicon:
    """The words of the vocabulary, ready to be found in a question."""

    def __init__(self, topics: Iterable[Topic], rounds: Iterable[FundingRound]) -> None:
        self.topics = tuple(topics)
        self.rounds = tuple(rounds)
        self._exact: dict[str, str] = {}
        self._stems: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
        for topic in self.topics:
            self._add(topic)
        self._labels = {
            t.id: {lang: _stemmed(words_of(t.labels.get(lang, "")), lang).split() for lang in LANGUAGES}
            for t in self.topics
        }
        self._first = frozenset(phrase.split(" ", 1)[0] for phrase in self._exact)
        self._first_stems = {
            language: frozenset(phrase.split(" ", 1)[0] for phrase in table) for language, table in self._stems.items()
        }
        self._parts = {word: topic for word, topic in self._exact.items() if " " not in word and word not in _NO_PART}
        self._corrector = Corrector(word for word in self._parts if len(word) >= _MIN_CORRECTED)
        names = ((folded_name(name), r.name) for r in self.rounds for name in (r.id, r.name, *r.aliases))
        self._round_names = {name: round_name for name, round_name in names if name not in _GENERIC}
        longest = sorted(self._round_names, key=len, reverse=True)
        self._round = re.compile(r"(?<!\S)(?:" + "|".join(map(re.escape, longest)) + r")(?!\S)") if longest else None

    @cached_property
    def words(self) -> frozenset[str]:
        """Return every folded word of the vocabulary: such a word is not a misspelt place."""
        return frozenset(part for phrase in self._exact for part in phrase.split())

    def is_label(self, topic: str, word: Word) -> bool:
        """Return whether a word is one of the labels of a topic, and so means the topic as a whole."""
        return any(stem_all((word.text.casefold(),), lang)[0] in labels for lang, labels in self._labels[topic].items())

    def _add(self, topic: Topic) -> None:
        for language in LANGUAGES:
            phrases = (topic.labels.get(language, ""), *topic.synonyms.get(language, ()))
            for phrase in filter(None, phrases):
                self._exact.setdefault(folded_name(phrase), topic.id)
                self._stems[language].setdefault(_stemmed(words_of(phrase), language), topic.id)

    # ------------------------------------------------------------------------------------------------- topics

    def find(
        self, words: Sequence[Word], language: str, skip: Collection[int] = (), ordinary: Collection[int] = ()
    ) -> tuple[TopicMention, ...]:
        """Return the topics that a question names, in order.

        Words numbered in ``skip`` (places) are not read; words in ``ordinary`` do not count as misspelt topics.
        """
        stems = {lang: stem_all((w.text.casefold() for w in words), lang) for lang in (language, *LANGUAGES)}
        mentions, first = [], 0
        while first < len(words):
            mention = None if first in skip else self._phrase(words, first, stems, language, skip)
            if mention is None and first not in skip:
                mention = self._within(words[first].folded, first) or (
                    None if first in ordinary else self._misspelt(words[first].folded, first)
                )
            if mention:
                mentions.append(mention)
            first = mention.last if mention else first + 1
        return tuple(mentions)

    def _phrase(
        self, words: Sequence[Word], first: int, stems: dict[str, list[str]], language: str, skip: Collection[int]
    ) -> TopicMention | None:
        if words[first].folded not in self._first and not any(
            stems[lang][first] in first_stems for lang, first_stems in self._first_stems.items()
        ):
            return None
        for last in range(min(len(words), first + _MAX_PHRASE), first, -1):
            if any(number in skip for number in range(first, last)):
                continue
            if last - first == 1 and words[first].folded in _STOP | _GENERIC:
                return None
            topic = self._exact.get(" ".join(word.folded for word in words[first:last]))
            for lang, table in self._stems.items():
                if topic or (lang != language and last - first == 1 and len(words[first].folded) < _MIN_HEAD):
                    continue
                topic = table.get(" ".join(stems[lang][first:last]))
            if topic:
                return TopicMention(topic, first, last, exact=True)
        return None

    def _within(self, word: str, number: int) -> TopicMention | None:
        """Return a topic word at the start or end of a compound, the longest first."""
        if word in _STOP:
            return None
        for length in range(len(word) - 2, _MIN_HEAD - 1, -1):
            if topic := self._parts.get(word[:length]):
                return TopicMention(topic, number, number + 1, exact=False)
            if length >= _MIN_TAIL and (topic := self._parts.get(word[-length:])):
                return TopicMention(topic, number, number + 1, exact=False)
        return None

    def _misspelt(self, word: str, number: int) -> TopicMention | None:
        if len(word) < _MIN_CORRECTED - 1 or word in _STOP:
            return None
        known = self._corrector.correct(word)
        return TopicMention(self._parts[known], number, number + 1, exact=False) if known else None

    # ------------------------------------------------------------------------------------------------- rounds

    def rounds_in(self, folded: str) -> tuple[tuple[str, int, int], ...]:
        """Return the funding rounds named in a folded text: (name of the round, start, end)."""
        if self._round is None:
            return ()
        rounds = [(self._round_names[m.group()], m.start(), m.end()) for m in self._round.finditer(folded)]
        for match in _NUMBER_OF_PROGRAMME.finditer(folded):
            number = int(match.group(1))
            rounds += [(r.name, match.start(), match.end()) for r in self.rounds if r.number == number]
        return tuple(dict.fromkeys(rounds))

    def rounds_of_year(self, year: int) -> tuple[str, ...]:
        """Return the funding rounds of a year."""
        return tuple(funding_round.name for funding_round in self.rounds if funding_round.year == year)


def _stemmed(words: Sequence[Word], language: str) -> str:
    return " ".join(stem_all((word.text.casefold() for word in words), language))
