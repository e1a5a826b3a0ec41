"""The controlled vocabulary: topics (Handlungsfelder) and funding rounds that the records refer to.

Records name topics as their source writes them ("ÖPNV", "Umweltdaten"). The vocabulary maps such a word, in any of its
languages, to one `Topic`; case, diacritics, hyphens and spaces do not matter, and "ue" is read as "ü".
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from knowledge_base import bundle, yaml_text
from knowledge_base.errors import InputError
from knowledge_base.model import FundingRound, Topic

LANGUAGES = ("de", "en", "pl")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_NO_DECOMPOSITION = str.maketrans({"ł": "l", "ø": "o", "đ": "d"})
Entry = TypeVar("Entry", Topic, FundingRound)
_REMEDY = "Compare it with the entries beside it, then load it again."


def fold(text: str) -> str:
    """Return the text without case, diacritics and punctuation: ``" Open-Data "`` becomes ``"open data"``."""
    lower = unicodedata.normalize("NFKD", text).casefold()  # some compatibility letters have no lower case of their own
    plain = unicodedata.normalize("NFKD", lower).translate(_NO_DECOMPOSITION)
    kept = (" " if not letter.isalnum() else letter for letter in plain if not unicodedata.combining(letter))
    return " ".join("".join(kept).split())


def spellings(word: str) -> set[str]:
    """Return the folded forms of a word: umlauts as "u" and as "ue"."""
    composed = unicodedata.normalize("NFC", word.casefold())
    return {fold(word), fold(composed.translate(_UMLAUTS))} - {""}


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Topics and funding rounds, with the look-ups that records and questions need. Build it with `load`."""

    topics: tuple[Topic, ...]
    rounds: tuple[FundingRound, ...]
    _by_id: Mapping[str, Topic] = field(init=False, repr=False, compare=False)
    _by_word: Mapping[str, Topic] = field(init=False, repr=False, compare=False)
    _rounds: Mapping[str, FundingRound] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_id = {topic.id: topic for topic in self.topics}
        _check_topics(self.topics, by_id)
        words = ((word, topic) for topic in self.topics for word in _topic_words(topic))
        names = (
            (word, funding_round)
            for funding_round in self.rounds
            for word in (funding_round.id, funding_round.name, *funding_round.aliases)
        )
        object.__setattr__(self, "_by_id", by_id)
        object.__setattr__(self, "_by_word", _index(words))
        object.__setattr__(self, "_rounds", _index(names))

    @classmethod
    def load(cls, topics: Path = bundle.TOPICS, rounds: Path = bundle.FUNDING_ROUNDS) -> Vocabulary:
        """Read both YAML files; raise `InputError` that names file, entry and reason."""
        return cls(
            tuple(_topic(entry) for entry in _entries(topics, "topics")),
            tuple(_round(entry) for entry in _entries(rounds, "rounds")),
        )

    def topic(self, topic_id: str) -> Topic:
        """Return the topic with this id; raise `InputError` when there is no such topic."""
        try:
            return self._by_id[topic_id]
        except KeyError:
            raise InputError(f"No topic has the id “{topic_id}”.", remedy=f"Known: {', '.join(self._by_id)}.") from None

    def topic_of(self, raw: str) -> Topic | None:
        """Return the topic whose id, label or synonym (any language) is ``raw``, or ``None``."""
        return self._by_word.get(fold(raw))

    def round_of(self, raw: str) -> FundingRound | None:
        """Return the funding round with this name, id or alias, or ``None``."""
        return self._rounds.get(fold(raw))

    def label(self, topic_id: str, language: str) -> str:
        """Return the label of a topic for readers; German where the language has no label."""
        labels = self.topic(topic_id).labels
        return labels.get(language, labels["de"])

    def wider(self, topic_id: str) -> tuple[str, ...]:
        """Return the id itself and the ids of its wider topics, nearest first."""
        topic = self.topic(topic_id)
        return (topic.id, *self.wider(topic.broader)) if topic.broader else (topic.id,)


@cache
def bundled() -> Vocabulary:
    """Return the vocabulary that ships with the product, read once."""
    return Vocabulary.load()


def _topic_words(topic: Topic) -> Iterable[str]:
    yield topic.id
    yield from topic.labels.values()
    for words in topic.synonyms.values():
        yield from words


def _index(pairs: Iterable[tuple[str, Entry]]) -> dict[str, Entry]:
    """Return the entries by folded word; refuse a word that would mean two entries."""
    index: dict[str, Entry] = {}
    for word, entry in pairs:
        for spelling in spellings(word):
            known = index.setdefault(spelling, entry)
            if known.id != entry.id:
                raise InputError(
                    f"“{word}” would mean both {known.id} and {entry.id}.", remedy="Leave it in one of them."
                )
    return index


def _check_topics(topics: tuple[Topic, ...], by_id: Mapping[str, Topic]) -> None:
    if len(by_id) != len(topics):
        raise InputError("Two topics have the same id.", remedy="Give each topic an id of its own.")
    for topic in topics:
        seen, wider = {topic.id}, topic.broader
        while wider:
            if wider not in by_id:
                raise InputError(f"Topic {topic.id}: there is no wider topic “{wider}”.", remedy=_REMEDY)
            if wider in seen:
                raise InputError(f"Topic {topic.id}: its wider topics form a circle.", remedy=_REMEDY)
            seen.add(wider)
            wider = by_id[wider].broader


def _entries(path: Path, key: str) -> list[dict[str, Any]]:
    """Return the list under ``key``, each entry with the file's licence and its place for error messages."""
    try:
        loaded = yaml_text.read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml_text.YAMLError) as cause:
        raise InputError(f"{path.name} cannot be read: {cause}", remedy="Restore or mend the file.") from cause
    entries = loaded.get(key) if isinstance(loaded, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise InputError(f"{path.name}: “{key}” has to be a list of entries.", remedy=_REMEDY)
    licence = loaded.get("licence", "")
    return [
        {"licence": licence, **entry, "place": f"{path.name}, entry {number}"}
        for number, entry in enumerate(entries, 1)
    ]


def _topic(entry: dict[str, Any]) -> Topic:
    _check_fields(entry, {"id", "labels"}, {"synonyms", "broader"})
    synonyms = entry.get("synonyms", {})
    if not isinstance(synonyms, dict) or not set(synonyms) <= set(LANGUAGES):
        raise _wrong(entry, f"“synonyms” may have {', '.join(LANGUAGES)} only")
    return Topic(
        id=_text(entry, "id", entry["id"]),
        labels=_labels(entry),
        synonyms={language: _texts(entry, "synonyms", words) for language, words in synonyms.items()},
        broader=_text(entry, "broader", entry.get("broader", "")),
    )


def _round(entry: dict[str, Any]) -> FundingRound:
    _check_fields(entry, {"id", "name", "programme", "sources"}, {"number", "year", "projects", "aliases", "labels"})
    return FundingRound(
        id=_text(entry, "id", entry["id"]),
        name=_text(entry, "name", entry["name"]),
        programme=_text(entry, "programme", entry["programme"]),
        number=_whole(entry, "number"),
        year=_whole(entry, "year"),
        projects=_whole(entry, "projects"),
        aliases=_texts(entry, "aliases", entry.get("aliases", [])),
        labels=_labels(entry) if "labels" in entry else {},
        sources=_texts(entry, "sources", entry["sources"]),
        licence=_text(entry, "licence", entry["licence"]),
    )


def _check_fields(entry: dict[str, Any], needed: set[str], allowed: set[str]) -> None:
    if missing := sorted(needed - set(entry)):
        raise _wrong(entry, f"“{missing[0]}” is missing")
    if unknown := sorted(set(entry) - needed - allowed - {"licence", "place"}):
        raise _wrong(entry, f"“{unknown[0]}” is not a field")


def _labels(entry: dict[str, Any]) -> dict[str, str]:
    labels = entry["labels"]
    if not isinstance(labels, dict) or set(labels) != set(LANGUAGES):
        raise _wrong(entry, f"“labels” needs exactly {', '.join(LANGUAGES)}")
    return {language: _text(entry, "labels", label) for language, label in labels.items()}


def _text(entry: dict[str, Any], name: str, value: object) -> str:
    if not isinstance(value, str):  # YAML reads an unquoted no, 1.0 or 2021-08-30 as something else
        raise _wrong(entry, f"“{name}” holds {value!r}, which has to be a text (put it in quotes)")
    return value


def _texts(entry: dict[str, Any], name: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise _wrong(entry, f"“{name}” has to be a list")
    return tuple(_text(entry, name, value) for value in values)


def _whole(entry: dict[str, Any], name: str) -> int | None:
    value = entry.get(name)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise _wrong(entry, f"“{name}” has to be a whole number")
    return value


def _wrong(entry: dict[str, Any], reason: str) -> InputError:
    return InputError(f"{entry['place']} ({entry.get('id', 'no id')}): {reason}.", remedy=_REMEDY)
