"""The snippet *why*: the sentence of a project's text that answers a question best, if it can in the same language.

A sentence counts by its words of the question, as the word index understands them (stems, parts of compounds, the
German words for English and Polish ones, rare words more), and by the topics it names: "integrierte Verkehrswende"
answers a question for mobility, though it shares no word with it. A list shows only the beginning of a snippet, so that
of a long sentence is the clause that fits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge_base.language.tokens import STOP_WORDS, content_words, grams
from knowledge_base.model import Project
from knowledge_base.places.words import fold, words_of
from knowledge_base.search import lexical
from knowledge_base.search.lexical import Lexical
from knowledge_base.search.passages import Passage
from knowledge_base.search.understanding.lexicon import Lexicon
from knowledge_base.search.understanding.query import Query
from knowledge_base.translations import versions
from knowledge_base.vocabulary import Vocabulary

WHY_CHARACTERS = 200
BEGINNING = 64  # characters of a snippet that are seen everywhere
LEAST_CLAUSE = 40  # characters: what is shorter says little without what stands before it
_CLAUSE_BEGINS = re.compile(r"(?<=[,;:])\s+(?=\w)|\s[–—-]\s+(?=\w)")
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+(?=[A-ZÄÖÜ„\"0-9ĆŁŚŻŹ])|\n+")
_NO_END = re.compile(  # ordinals, initials and abbreviations before a capital letter: "2. Staffel", "z. B.", "ca. 30"
    r"(?<!\w)(?:\d{1,2}|\w|bspw|bzw|ca|dr|etc|evtl|ggf|inkl|ing|insb|mio|mrd|nr|prof|rd|sog|st|str|tel|u\.a|usw|vgl|z\.b|zzgl"
    r"|approx|e\.g|i\.e|incl|no|vs|al|inż|itd|itp|m\.in|mgr|mld|mln|np|ok|pl|tj|tys|tzn|tzw|ul|woj|zł)\.$",
    re.IGNORECASE,
)
_SAYS_NOTHING = re.compile(  # beside names: that a project was chosen, funded, praised or is a model
    r"ausgewahl\w*|auswahl\w*|gefordert\w*|forder\w*|staffel\w*|runde\w*|bund(?:es)?|bundesprogramm\w*|modell\w*|"
    r"pilot(?:projekt\w*)?|leuchtturm\w*|mpsc|smarte?n?|cit(?:y|ies)|preis\w*|ausgezeichnet\w*|auszeichnung\w*|"
    r"vorbild\w*|innovativ\w*|erfolg\w*|zukunft\w*|modern\w*|gilt|gehort|zahlt|teil|eine[sr]?|zwei|drei|vier|funf|sechs|"
    r"zehn|deutschland\w*|bundesweit\w*|land|berliner|projekt\w*|vorhaben\w*|stadt|stadte\w*|kommunen?|gemeinden?|"
    r"program(?:me)?s?|award\w*|prize|winner|success\w*|pioneer\w*|selected|chosen|funded|round|federal|model|project\w*|"
    r"one|two|three|four|five|six|nationwide|germany|edycj\w*|wybran\w*|federaln\w*|nagrod\w*|modelow\w*|wyroznion\w*|"
    r"projekt\w*|niemc\w*|jeden|jedno|dwa|dwoch|trzy|trzech|pieciu|\d+"
)
_STOP = frozenset(fold(word) for words in STOP_WORDS.values() for word in words)
_LETTERS = 0.3  # a sentence that only shares letters with the question
_TOPIC = 3.0  # a topic named counts about as much as a rare word
_REMEMBERED = 4_096  # sentences


@dataclass(frozen=True, slots=True)
class _Asked:
    concepts: Sequence[tuple[lexical.Concept, float]]  # with what each weighs
    topics: frozenset[str]
    letters: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Said:
    terms: frozenset[str]
    topics: frozenset[str]
    letters: frozenset[str]


class Reasons:
    """The finder of the sentences that answer best. One per snapshot; it caches the sentences read last."""

    def __init__(self, words: Lexical, lexicon: Lexicon, vocabulary: Vocabulary) -> None:
        self._words = words
        self._lexicon = lexicon
        self._vocabulary = vocabulary
        self._read = lru_cache(_REMEMBERED)(self._said)

    def why(self, query: Query, hits: Sequence[tuple[Project, Passage]]) -> list[str]:
        """Return one snippet for each project and its best passage, of at most ``WHY_CHARACTERS``, cut at a word.

        It is in the language of the question where the project has a text in it. A question about reuse gets the
        sentences about it.
        """
        asked = self._asked(query)
        return [self._best(asked, *_sentences(project, passage, query)) for project, passage in hits]

    def _best(self, asked: _Asked, sentences: Sequence[str], language: str) -> str:
        """Return the best sentence, from its best clause on; the first of equally good ones."""

        def fit(text: str) -> float:
            return _fit(asked, self._read(text, language))

        best = max(sentences, key=fit, default="")
        if len(best) <= BEGINNING:
            return best
        ends = (clause.end() for clause in _CLAUSE_BEGINS.finditer(best))
        starts = (0, *(end for end in ends if len(best) - end >= LEAST_CLAUSE))
        start = max(starts, key=lambda start: fit(best[start : start + BEGINNING]))
        return _cut(f"… {best[start:]}" if start else best)

    def _asked(self, query: Query) -> _Asked:
        read = self._words.query(query.words, query.language)
        weighed = [(concept, self._words.weight(concept)) for concept in read.concepts]
        letters = (gram for word in content_words(query.words, query.language) for gram in grams(word))
        return _Asked(weighed, frozenset(query.subject_topics), frozenset(letters))

    def _said(self, sentence: str, language: str) -> _Said:
        words = words_of(sentence)
        named = self._lexicon.find(words, language, ordinary=range(len(words)))  # records are not mistyped
        topics = frozenset(wider for mention in named for wider in self._vocabulary.wider(mention.topic))
        letters = frozenset(gram for word in content_words(sentence, language) for gram in grams(word))
        return _Said(self._words.terms_of(sentence, language), topics, letters)


def _sentences(project: Project, passage: Passage, query: Query) -> tuple[list[str], str]:
    """Return the possible sentences and their language: those about reuse first, or alone, as the question asks."""
    version = versions(project).get(query.language, project)
    text = passage.body if passage.lang == version.lang and passage.body else version.text
    reuse = [version.transferability.strip()] if query.transfer and version.transferability.strip() else []
    if reuse and not query.subject:
        return reuse, version.lang
    sentences = sentences_of(text)
    telling = [sentence for sentence in sentences if _says_something(sentence, project)]
    return reuse + (telling or sentences), version.lang


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text; ordinals, initials and common abbreviations end none."""
    sentences: list[str] = []
    for line in text.splitlines():
        begun = ""
        for part in filter(None, map(str.strip, _SENTENCE_END.split(line))):
            begun = f"{begun} {part}".strip()
            if not _NO_END.search(begun):
                sentences.append(begun)
                begun = ""
        sentences += [begun] if begun else []
    return sentences


def _says_something(sentence: str, project: Project) -> bool:
    """Return whether a sentence holds words beside names, its funding and praise."""
    names = {word.folded for word in words_of(f"{project.municipality} {project.state} {project.funding_round}")}
    said = (word for word in words_of(sentence) if word.folded not in names | _STOP)
    return any(len(word.folded) > 1 and not _SAYS_NOTHING.fullmatch(word.folded) for word in said)


def _fit(asked: _Asked, said: _Said) -> float:
    shared = sum(
        weight * max((share for term, share in concept if term in said.terms), default=0.0)
        for concept, weight in asked.concepts
    )
    alike = len(asked.letters & said.letters) / max(1, len(asked.letters))
    return shared + _TOPIC * len(asked.topics & said.topics) + _LETTERS * alike


def _cut(sentence: str) -> str:
    if len(sentence) <= WHY_CHARACTERS:
        return sentence
    return sentence[: WHY_CHARACTERS - 1].rsplit(" ", 1)[0].rstrip(" ,;:–-") + "…"
