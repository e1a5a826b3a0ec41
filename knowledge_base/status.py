"""The vocabulary of a project's status, and how the free words of a record are read into it. Pure.

A record keeps its free words ("in Betrieb, Ausbau läuft"). Each clause of them has one status, by the order of
``statuses.yaml``; then the clause that says most about today decides, so that an extension planned for something in
operation leaves it in operation. What stands in brackets counts only if nothing else can be read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache

from knowledge_base import bundle, yaml_text
from knowledge_base.vocabulary import fold


class Status(StrEnum):
    """How far a project is; of two clauses the status that stands first here decides."""

    IN_OPERATION = "in_operation"
    GIVEN_UP = "given_up"
    FINISHED = "finished"
    BEING_BUILT = "being_built"
    PILOT = "pilot"
    PLANNED = "planned"
    IDEA = "idea"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    order: tuple[Status, ...]  # in one clause, the first decides
    labels: Mapping[Status, Mapping[str, str]]  # status -> language -> label
    phrases: tuple[tuple[re.Pattern[str], Status], ...]


_CLAUSE = re.compile(r"[,;/]|\s[–-]\s")
_BRACKETS = re.compile(r"\([^()]*\)")


@lru_cache(maxsize=4096)  # a knowledge base has few different ones
def status_of(words: str) -> Status:
    """Return the status that the free words of a record name, in German, English or Polish."""
    return _read(_BRACKETS.sub(" ", words)) or _read(words) or Status.UNKNOWN


def status_label(status: Status, language: str) -> str:
    """Return the label of a status for readers of ``de``, ``en`` or ``pl``."""
    return _vocabulary().labels[status][language]


def _read(words: str) -> Status | None:
    found = {status for clause in _CLAUSE.split(words) if (status := _status_of_clause(fold(clause)))}
    return next((status for status in Status if status in found), None)


def _status_of_clause(clause: str) -> Status | None:
    vocabulary = _vocabulary()
    matches = [(match.span(), status) for phrase, status in vocabulary.phrases for match in phrase.finditer(clause)]
    spans = {span for span, _ in matches}
    inner = {s for s in spans for wider in spans if wider != s and wider[0] <= s[0] and s[1] <= wider[1]}
    found = {status for span, status in matches if span not in inner}
    return next((status for status in vocabulary.order if status in found), None)


@cache
def _vocabulary() -> _Vocabulary:
    entries = yaml_text.read(bundle.STATUSES.read_text(encoding="utf-8"))["statuses"]
    return _Vocabulary(
        order=tuple(Status(entry["id"]) for entry in entries),
        labels={Status(entry["id"]): entry["labels"] for entry in entries},
        phrases=tuple(
            (_pattern(phrase), Status(entry["id"]))
            for entry in entries
            for phrases in entry["words"].values()
            for phrase in phrases
        ),
    )


def _pattern(phrase: str) -> re.Pattern[str]:
    end = r"\w*" if phrase.endswith("*") else ""
    return re.compile(rf"\b{re.escape(fold(phrase))}{end}\b")
