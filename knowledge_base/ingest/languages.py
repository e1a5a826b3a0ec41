"""Readers of the fields of a project that hold one value per language: translations, and questions that it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from knowledge_base.ingest import fields as read
from knowledge_base.ingest.row import shortened
from knowledge_base.model import TRANSLATED, Json
from knowledge_base.vocabulary import LANGUAGES

ASKED_AS, TRANSLATIONS = "asked_as", "translations"
_LONG = ("text", "transferability", "funding")  # the other translated fields have one line


def with_columns(given: Mapping[str, Json]) -> dict[str, Json]:
    """Return a project's fields with those such as ``title_en`` and ``asked_as_de`` inside their mappings.

    A table has one column for each. The reader refuses a malformed mapping, so its fields stay where they are.
    """
    joined = dict(given)
    for name, value in given.items():
        field, _, language = name.rpartition("_")
        if language not in LANGUAGES or field not in (*TRANSLATED, ASKED_AS):
            continue
        mapping = joined.get(ASKED_AS if field == ASKED_AS else TRANSLATIONS, {})
        if not isinstance(mapping, dict):
            continue
        if field == ASKED_AS:
            joined[ASKED_AS] = {**mapping, language: value}
        elif isinstance(texts := mapping.get(language, {}), dict):
            joined[TRANSLATIONS] = {**mapping, language: {**texts, field: value}}
        else:
            continue
        del joined[name]
    return joined


def translations(value: Json) -> dict[str, dict[str, str]]:
    """Return the translated texts per language and field; empty ones are left out."""
    found = {}
    for language, texts in _by_language(value):
        if not isinstance(texts, dict):
            raise read.FieldRefusedError(f"{language} is no mapping of texts.", 'Write {"en": {"title": …}}.')
        found[language] = {name: text for name, text in _texts(language, texts) if text}
    return {language: texts for language, texts in found.items() if texts}


def asked_as(value: Json) -> dict[str, tuple[str, ...]]:
    """Return the questions per language, each a list, or text delimited like ``words``; empty ones are left out."""
    found = {language: _read(language, read.words, entry) for language, entry in _by_language(value)}
    return {language: questions for language, questions in found.items() if questions}


def _by_language(value: Json) -> Iterator[tuple[str, Json]]:
    if not isinstance(value, dict):
        raise read.FieldRefusedError("It is no mapping of languages.", f"Give a value for {_named(LANGUAGES)}.")
    for language, entry in value.items():
        if language not in LANGUAGES:
            reason = f"{shortened(language)!r} is not a language of the bot."
            raise read.FieldRefusedError(reason, f"Write {_named(LANGUAGES)}.")
        if entry is not None:
            yield language, entry


def _texts(language: str, texts: Mapping[str, Json]) -> Iterator[tuple[str, str]]:
    for name, entry in texts.items():
        if name not in TRANSLATED:
            reason = f"{shortened(name)!r} is not a field that a translation has."
            raise read.FieldRefusedError(reason, f"Write {_named(TRANSLATED)}.")
        if entry is not None:
            yield name, _read(f"{language}.{name}", read.text if name in _LONG else read.line, entry)


def _read(place: str, reader: Callable[[Json], Any], value: Json) -> Any:
    """Return the value read; an error names its place inside the field."""
    try:
        return reader(value)
    except read.FieldRefusedError as refused:
        raise read.FieldRefusedError(f"{place}: {refused.reason}", refused.remedy) from None


def _named(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}"
