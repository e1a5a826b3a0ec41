"""The words in which readers of a language see a project: its translation or its original. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from knowledge_base.model import TRANSLATED, Project

BY_MACHINE = "by_machine"  # beside the texts of a translation that a server made; records never have it


class Origin(StrEnum):
    """The way by which a text came into its language."""

    ORIGINAL = "original"
    TRANSLATED = "translated"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Reading:
    """A project in the words that a reader sees. ``project.lang`` is their language, ``written`` that of the record."""

    project: Project
    written: str
    origin: Origin

    @property
    def is_translated(self) -> bool:
        """Return whether the reader sees other words than the record's own."""
        return self.origin is not Origin.ORIGINAL

    def language_of(self, field: str) -> str:
        """Return the language of the words in a field."""
        texts = self.project.translations.get(self.project.lang, {}) if self.is_translated else {}
        return self.project.lang if field in texts else self.written


def versions(project: Project) -> dict[str, Project]:
    """Return the project in each language in which it has a text, the original first."""
    result = {project.lang: project}
    for language, texts in project.translations.items():
        if language != project.lang and texts.get("text"):
            words: dict[str, Any] = {name: text for name, text in texts.items() if name in TRANSLATED}
            result[language] = replace(project, lang=language, **words)
    return result


def in_original(project: Project) -> Reading:
    """Return the project in its own words."""
    return Reading(project, project.lang, Origin.ORIGINAL)


def in_language(project: Project, language: str) -> Reading:
    """Return the project for readers of a language: translated if it has this translation, else in its own words.

    A field that the translation lacks keeps the words of the original.
    """
    version = versions(project).get(language) if language != project.lang else None
    if version is None:
        return in_original(project)
    made = Origin.MACHINE if BY_MACHINE in project.translations[language] else Origin.TRANSLATED
    return Reading(version, project.lang, made)
