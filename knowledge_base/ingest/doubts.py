"""What a valid record leaves in doubt: topics, places and status that the bot does not know, with the nearest known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from rapidfuzz import fuzz, process

from knowledge_base.ingest.notes import Note, NoteKind
from knowledge_base.ingest.row import Row, shortened
from knowledge_base.model import Event, Json, Project, Record
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.places.register import register
from knowledge_base.places.states import STATE_OF_KEY
from knowledge_base.places.words import folded_name
from knowledge_base.status import Status, status_of
from knowledge_base.vocabulary import bundled, fold

_NEAR, _SHOWN = 60, 3
_PARTS = re.compile(r"\s*[,/;]\s*|\s+(?:und|oder|and|oraz|i|&|\+)\s+")


def split_topics(values: dict[str, Json]) -> None:
    """Part topics at commas, slashes and "und", where the whole is no topic and the vocabulary knows a part."""
    if (topics := _split(values.get("topics"), lambda word: bundled().topic_of(word) is not None)) is not None:
        values["topics"] = topics


def split_members(values: dict[str, Json], gazetteer: Gazetteer) -> None:
    """Part the municipalities of a joint project at commas and slashes."""
    if (members := _split(values.get("members"), lambda word: bool(gazetteer.namesakes(word)))) is not None:
        values["members"] = members


def _split(value: Json, is_known: Callable[[str], bool]) -> list[str] | None:
    """Return the entries of a list whose parts are known, or ``None`` where nothing is to be split."""
    if isinstance(value, str):
        entries: Sequence[Json] = re.split(r"[|;]", value)
    elif isinstance(value, list):
        entries = value
    else:
        return None
    if not all(isinstance(entry, str) for entry in entries):
        return None
    found: list[str] = []
    for entry in entries:
        parts = [part for part in _PARTS.split(entry.strip()) if part]
        if is_known(entry) or not any(map(is_known, parts)):
            found.append(entry.strip())
        else:
            found += parts
    return found


class Doubts:
    """Finds what is doubtful about records; made once per import."""

    def __init__(self, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer

    def of(self, row: Row, record: Record) -> Iterator[Note]:
        """Yield a note for each doubt."""
        if not isinstance(record, Project | Event):
            return
        for topic in record.topics:
            if bundled().topic_of(topic) is None:
                near = _nearest(topic, _topic_words())
                labels = dict.fromkeys(bundled().label(_topic_words()[word], "de") for word in near)
                detail = f"{shortened(topic)!r} is no topic that the search knows{_choice(labels)}."
                yield Note(row.file, row.line, NoteKind.UNKNOWN_TOPIC, "topics", detail)
        places = [("municipality", record.municipality)]
        if isinstance(record, Project):
            places += [("members", name) for name in record.members]
        for field, place in places:
            if place and not self.knows(place):
                detail = f"{shortened(place)!r} is no place that the bot knows{_choice(self._near(place))}."
                yield Note(row.file, row.line, NoteKind.UNKNOWN_PLACE, field, detail)
        if isinstance(record, Project) and record.status and status_of(record.status) is Status.UNKNOWN:
            yield Note(row.file, row.line, NoteKind.UNREAD_STATUS, "status", shortened(record.status))

    def knows(self, place: str) -> bool:
        """Return whether a place is one of the records, the register, or a state."""
        return bool(self._gazetteer.rows_named(place)) or fold(place) in _states()

    @staticmethod
    def _near(place: str) -> list[str]:
        known = register()
        names = {name: rows for table in (known.short, known.full) for name, rows in table.items()}
        near = process.extract(folded_name(place), names.keys(), scorer=fuzz.ratio, score_cutoff=80, limit=_SHOWN)
        return list(dict.fromkeys(known.places[names[name][0]].name for name, _, _ in near))


def _nearest(word: str, known: dict[str, str]) -> list[str]:
    near = process.extract(fold(word), known.keys(), scorer=fuzz.WRatio, score_cutoff=_NEAR, limit=_SHOWN * 2)
    return [name for name, _, _ in near]


def _choice(names: Sequence[str] | dict[str, None]) -> str:
    shown = ", ".join(list(names)[:_SHOWN])
    return f"; the nearest: {shown}" if shown else ""


@cache
def _states() -> frozenset[str]:
    return frozenset(fold(state) for state in STATE_OF_KEY.values())


@cache
def _topic_words() -> dict[str, str]:
    """Return the words of the vocabulary, folded, with the id of their topic."""
    return {
        fold(word): topic.id
        for topic in bundled().topics
        for words in (topic.labels.values(), *topic.synonyms.values())
        for word in words
    }
