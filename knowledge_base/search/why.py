"""The one line *why*: the sentence of a project's own text that answers a question best, in its original language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from knowledge_base.model import Project
from knowledge_base.search.tokens import content_words, grams, stem_all

WHY_CHARACTERS = 200
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+(?=[A-ZÄÖÜ„\"0-9ĆŁŚŻŹ])|\n+")
_GRAM_SHARE = 0.3  # a sentence that only shares letters with the question


def why(project: Project, passage: str, asked: str, language: str, expansions: Sequence[str], transfer: bool) -> str:
    """At most ``WHY_CHARACTERS`` of the passage (of what is told about reuse, when that was asked), cut at a word."""
    sentences = [s.strip() for s in _SENTENCE_END.split(passage or project.text) if s.strip()]
    if transfer and project.transferability.strip():
        sentences.insert(0, project.transferability.strip())
    if not sentences:
        return ""
    wanted = frozenset(stem_all((*content_words(asked, language), *_words(expansions)), "de"))
    letters = frozenset(gram for word in content_words(asked, language) for gram in grams(word))
    best = max(range(len(sentences)), key=lambda n: (_fit(sentences[n], wanted, letters), -n))
    return _cut(sentences[best])


def _words(expansions: Iterable[str]) -> list[str]:
    return [word for phrase in expansions for word in content_words(phrase, "de")]


def _fit(sentence: str, wanted: frozenset[str], letters: frozenset[str]) -> float:
    words = content_words(sentence, "de")
    shared = len(wanted & set(stem_all(words, "de")))
    alike = len(letters & {gram for word in words for gram in grams(word)}) / max(1, len(letters))
    return shared + _GRAM_SHARE * alike


def _cut(sentence: str) -> str:
    if len(sentence) <= WHY_CHARACTERS:
        return sentence
    return sentence[: WHY_CHARACTERS - 1].rsplit(" ", 1)[0].rstrip(" ,;:–-") + "…"
