"""The labels of vocabularies for what records write in words of their own: status, kind and funding round."""

from __future__ import annotations

from functools import cache

from knowledge_base import bundle, yaml_text
from knowledge_base.status import Status, status_label, status_of
from knowledge_base.translations import Reading
from knowledge_base.vocabulary import bundled


def status_in(reading: Reading, language: str) -> str:
    """Return the status for readers of a language: its words, or the label if they are of another language."""
    words = reading.project.status
    status = status_of(words)
    return (
        words
        if reading.language_of("status") == language or status is Status.UNKNOWN
        else status_label(status, language)
    )


def kind_in(kind: str, language: str) -> str:
    """Return a kind of project in a language; the words of the record if the vocabulary lacks them."""
    return _kinds().get(kind.strip().casefold(), {}).get(language, kind)


def round_in(funding_round: str, language: str) -> str:
    """Return the name of a funding round in a language; the words of the record if the vocabulary lacks them."""
    known = bundled().round_of(funding_round)
    return known.labels.get(language, funding_round) if known else funding_round


@cache
def _kinds() -> dict[str, dict[str, str]]:
    """Return the labels of each kind by each of its labels."""
    entries: list[dict[str, str]] = yaml_text.read(bundle.KINDS.read_text(encoding="utf-8"))["kinds"]
    return {label.casefold(): labels for labels in entries for label in labels.values()}
