"""The labels for what records write in words of their own: status, kind, funding round, licence; and for states."""

from __future__ import annotations

from functools import cache

from knowledge_base import bundle, yaml_text
from knowledge_base.places.states import LABELS
from knowledge_base.status import Status, status_label, status_of
from knowledge_base.translations import Reading
from knowledge_base.vocabulary import bundled

REMARKS = {  # of the bundle, in place of a funding round or behind the name of a licence
    "keine (Bewerberin)": {"en": "none (applicant)", "pl": "żadna (kandydat)"},
    "own summary; facts from the listed sources": {
        "de": "eigene Zusammenfassung; Fakten aus den genannten Quellen",
        "pl": "własne streszczenie; fakty z podanych źródeł",
    },
    "facts from the listed sources": {"de": "Fakten aus den genannten Quellen", "pl": "fakty z podanych źródeł"},
}


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
    labels = known.labels if known else REMARKS.get(funding_round, {})
    return labels.get(language, funding_round)


def state_in(state: str, language: str) -> str:
    """Return the name of a German state or of Poland in a language; the name itself if it has no other."""
    return LABELS.get(state, {}).get(language, state)


def licence_in(licence: str, language: str) -> str:
    """Return a licence with the remark of the bundle in a language; what others demand to be named stays as it is."""
    for remark, labels in REMARKS.items():
        if licence.endswith(f"({remark})"):
            return f"{licence.removesuffix(f'({remark})')}({labels.get(language, remark)})"
    return licence


@cache
def _kinds() -> dict[str, dict[str, str]]:
    """Return the labels of each kind by each of its labels."""
    entries: list[dict[str, str]] = yaml_text.read(bundle.KINDS.read_text(encoding="utf-8"))["kinds"]
    return {label.casefold(): labels for labels in entries for label in labels.values()}
