"""A glossary from English and Polish words of public services to the German words of project texts.

Word search cannot match a question in another language; the glossary makes it possible for the subjects of
municipalities. ``glossary.tsv`` (our own work, CC0-1.0) has one meaning per line in the columns de, en, pl; a vertical
bar separates the words for it. Look-up is by stems, so inflected forms are found, and the longest phrase comes first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from knowledge_base.language import tokens
from knowledge_base.language.spelling import Spelling

Key = tuple[str, ...]  # the stems of a phrase


@dataclass(frozen=True, slots=True)
class Meaning:
    """A piece of the question: its words as asked, and their German words (empty when not in the glossary)."""

    words: tuple[str, ...]
    german: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Glossary:
    """The glossary of one language. Build it with ``glossary``."""

    language: str
    german: Mapping[Key, tuple[str, ...]]
    longest: int  # words of the longest phrase
    spelling: Spelling  # of the single words, as stems

    def meanings(self, text: str) -> tuple[Meaning, ...]:
        """Return the text cut into known phrases, longest first, and single words, without other stop words."""
        words = tokens.words(text)
        stems = tokens.stem_all(words, self.language)
        meanings, at = [], 0
        while at < len(words):
            length, german = self._longest_at(stems, at)
            if german or words[at] not in tokens.STOP_WORDS[self.language]:
                meanings.append(Meaning(tuple(words[at : at + length]), german))
            at += length
        return tuple(meanings)

    def corrected(self, word: str) -> tuple[str, ...]:
        """Return the German words for a mistyped single word; empty where no known word is near."""
        return self.german.get((self.spelling.nearest(tokens.stem(word, self.language)),), ())

    def _longest_at(self, stems: list[str], at: int) -> tuple[int, tuple[str, ...]]:
        for length in range(min(self.longest, len(stems) - at), 0, -1):
            german = self.german.get(tuple(stems[at : at + length]))
            if german:
                return length, german
        return 1, ()


@cache
def glossary(language: str) -> Glossary | None:
    """Return the glossary from a language ("en" or "pl") to German; None for other languages."""
    if language not in ("en", "pl"):
        return None
    german: dict[Key, tuple[str, ...]] = {}
    for row in _rows():
        for phrase in row[language]:
            key = tuple(tokens.stem_all(tokens.words(phrase), language))
            german[key] = tuple(dict.fromkeys((*german.get(key, ()), *row["de"])))
    spelling = Spelling.of(key[0] for key in german if len(key) == 1)
    return Glossary(language, german, max(map(len, german)), spelling)


def _rows() -> Iterable[dict[str, list[str]]]:
    lines = files("knowledge_base.language").joinpath("glossary.tsv").read_text("utf-8").splitlines()
    columns = lines[0].split("\t")
    for line in lines[1:]:
        cells = [[word for word in cell.split("|") if word] for cell in line.split("\t")]
        yield dict(zip(columns, cells, strict=True))
