"""Facts in the free fields of a record: stage, years, whether it is thin, brief, of a small town. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from knowledge_base.model import Project
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search.understanding import phrases
from knowledge_base.search.understanding.pasted import comparable
from knowledge_base.vocabulary import Vocabulary

SMALL_TOWN = 20_000  # inhabitants: what German statistics calls a Kleinstadt ends there
NO_YEAR, OPEN_END = -1, 9999
_FULL_CHARACTERS = 140
_COUNTIES = frozenset({"Landkreis", "Kreis"})


def years_of(period: str) -> tuple[int, int]:
    """Return first and last year of a period such as "01/2021–2027", "seit 2022", "bis Ende 2026"; -1 if missing."""
    years = phrases.years(period)
    if not years:
        return NO_YEAR, NO_YEAR
    lower = period.casefold()
    if len(years) == 1 and re.search(r"\bbis\b|\buntil\b|\bdo\b", lower):
        return 2000, years[0]
    if len(years) == 1 and re.search(r"\bab\b|\bseit\b|\bsince\b|\bod\b", lower):
        return years[0], OPEN_END
    return min(years), max(years)


def is_thin(project: Project) -> bool:
    """Return whether a record only says that a model project exists: without topics and contact."""
    return is_model_project(project) and not project.topics and not project.contact_role


def is_model_project(project: Project) -> bool:
    """Return whether a record is a whole model project, not one of its measures."""
    return project.kind.casefold().startswith("modellprojekt")


def briefness(project: Project) -> float:
    """Return how little a record offers to an asker who looks for a municipality to contact, 0 … 1."""
    short = max(0.0, 1.0 - len(project.text) / _FULL_CHARACTERS)
    return min(1.0, short + 0.5 * (not project.contact_role.strip()) + 0.5 * (not project.municipality.strip()))


def same_as(project: Project) -> str:
    return str(project.extra.get("same_as", ""))


def smallness(project: Project, rows: Sequence[int], gazetteer: Gazetteer, vocabulary: Vocabulary) -> float:
    """Return 1 for a record of small towns or about rural life, 0 for one of a larger town, 0.5 if nothing tells."""
    known = [population for row in rows if (population := gazetteer.municipalities[row].population)]
    if (known and max(known) <= SMALL_TOWN) or _has_topic(project, "rural", vocabulary):
        return 1.0
    return 0.5 if not known or is_county(rows, gazetteer) else 0.0


def is_county(rows: Iterable[int], gazetteer: Gazetteer) -> bool:
    return any(gazetteer.municipalities[row].kind in _COUNTIES for row in rows)


def round_of(project: Project, vocabulary: Vocabulary) -> str:
    """Return the name of the record's funding round in the vocabulary, else as the record writes it."""
    known = vocabulary.round_of(project.funding_round)
    return known.name if known else project.funding_round


def at_border(project: Project, vocabulary: Vocabulary) -> bool:
    return _has_topic(project, "cross-border", vocabulary)


def _has_topic(project: Project, topic_id: str, vocabulary: Vocabulary) -> bool:
    return any((topic := vocabulary.topic_of(raw)) is not None and topic.id == topic_id for raw in project.topics)


def topics_of(project: Project, vocabulary: Vocabulary) -> dict[str, float]:
    """Return the topics of a record with all wider ones; each with the share of the record's topics that it covers."""
    known = filter(None, map(vocabulary.topic_of, project.topics))
    covered = Counter(wider for topic in known for wider in vocabulary.wider(topic.id))
    return {topic: count / len(project.topics) for topic, count in covered.items()}


def addresses_of(project: Project) -> set[str]:
    """Return the web addresses of a record and its sources, to compare with those in a question."""
    return {address for url in (project.url, *project.sources) if (address := comparable(url))}
