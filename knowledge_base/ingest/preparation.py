"""A file before its rows are checked: how it is read, which source it is, and the ids of records that have none.

A list without ids is read twice: first to see which titles repeat, and which stored records it still holds.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import chain, islice
from pathlib import Path

from knowledge_base.ingest import readers
from knowledge_base.ingest.columns import OWN_KEY
from knowledge_base.ingest.compare import changed_fields
from knowledge_base.ingest.doubts import split_members, split_topics
from knowledge_base.ingest.identity import Ids, Survey, of_source, same_records
from knowledge_base.ingest.notes import Note, NoteKind
from knowledge_base.ingest.plan import Incoming
from knowledge_base.ingest.readers.table import Event
from knowledge_base.ingest.reading import Reading
from knowledge_base.ingest.row import Row, UnreadableError, shortened
from knowledge_base.ingest.tidy import tidy
from knowledge_base.model import Json, Municipality, RecordKind
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.store.database import Store
from knowledge_base.store.imports import Bodies, Key, Known

_OBJECTS = (".jsonl", ".json", ".yaml", ".yml")  # formats that programs write: there, what is wrong is an error
_LOOKED_AT = 500  # rows whose ids tell the source
_COMPARED = 2_000  # rows of a list that are compared with those that it no longer holds

_Texts = tuple[str, str, str]  # title, municipality, text


@dataclass(slots=True)
class Prepared:
    """A file that is ready to be imported under the name of its source."""

    path: Path
    source: str
    guessed: bool  # the source was recognised by its records
    reading: Reading
    notes: list[Note] = field(default_factory=list)
    _survey: Survey | None = None
    _renamed: Mapping[str, str] = field(default_factory=dict)
    _foreign: frozenset[str] = frozenset()  # made ids under which another source keeps a record

    def rows(self, gazetteer: Gazetteer, is_taken: Callable[[Key], bool]) -> Iterator[Event]:
        """Yield the rows, tidy and with ids; ``is_taken`` tells the ids of the files before. Errors:
        ``UnreadableError``.
        """
        yield from self.notes
        ids = Ids(self._survey) if self._survey else None
        for event in readers.events(self.path, self.reading):
            if not isinstance(event, Row):
                yield event
                continue
            row, notes = tidy(event, strict=self.path.suffix.lower() in _OBJECTS and "id" in event.values)
            yield from notes
            values = dict(row.values)
            if ids and values.get("id") in (None, ""):
                made = ids.of(values)
                foreign = made in self._foreign or is_taken((RecordKind.PROJECT, made))
                values["id"] = self._renamed.get(made, of_source(made, self.source) if foreign else made)
                if made in self._renamed:
                    yield Note(row.file, row.line, NoteKind.SAME_RECORD, detail=values["id"])
            if (key := values.pop(OWN_KEY, None)) is not None and str(key) != str(values.get("id")):
                values["number"] = key
            split_topics(values)
            split_members(values, gazetteer)
            yield replace(row, values=values)


async def prepare(store: Store, path: Path, source: str, reading: Reading) -> Prepared:
    """Return how ``path`` is to be imported; ``source`` "" is recognised by the records, else it is the path."""
    own = path.resolve().as_posix()  # noqa: ASYNC240 - a look at one name
    named = await _with_remembered(store, source or own, reading)
    survey, first = await asyncio.to_thread(_surveyed, path, named)
    ids = list(first)
    likely = source or await _source_of(store, own, ids)
    found = own if not source and Path(likely).is_absolute() else likely  # only a name that was given is recognised
    if not source and found != own:
        again = await _with_remembered(store, found, reading)
        if again != named:
            survey, first = await asyncio.to_thread(_surveyed, path, again)
            named = again
    prepared = Prepared(path, found, not source and found != own, named, _survey=survey)
    if prepared.guessed:
        prepared.notes.append(Note(str(path), 0, NoteKind.SOURCE, detail=found))
    elif likely != found:
        prepared.notes.append(Note(str(path), 0, NoteKind.OTHER_SOURCE, detail=likely))
    if named.columns and named.columns != reading.columns:
        shown = ", ".join(f"{name} → {of}" for of, name in named.columns.items())
        prepared.notes.append(Note(str(path), 0, NoteKind.REMEMBERED, detail=shown))
    if survey:
        kind = NoteKind.KEYS_KEPT if survey.has_keys else NoteKind.IDS_MADE
        prepared.notes.append(Note(str(path), 0, kind, detail="the list's own numbers"))
        if not survey.has_keys and survey.names.total() <= _COMPARED:
            prepared._renamed = await _continued(store, found, first)  # noqa: SLF001 - its maker
        prepared._foreign = await _foreign(store, found, list(first))  # noqa: SLF001 - its maker
    return prepared


async def gazetteer_of(store: Store) -> Gazetteer:
    """Return the places that the stored records and the register name."""
    async with store.read() as tx:
        records = [stored.record async for stored in tx.records.stream(RecordKind.MUNICIPALITY)]
    return Gazetteer(record for record in records if isinstance(record, Municipality))


async def remember(store: Store, source: str, reading: Reading) -> None:
    """Keep the named columns for the next file of the source."""
    if reading.columns:
        async with store.begin() as tx:
            await tx.facts.put(_fact(source), dict(reading.columns))


def _fact(source: str) -> str:
    """Return the name of the fact that holds the columns of a source; the names of facts are short."""
    return f"columns of {sha256(source.encode('utf-8', 'surrogateescape')).hexdigest()[:40]}"


async def _with_remembered(store: Store, source: str, reading: Reading) -> Reading:
    async with store.read() as tx:
        known = await tx.facts.get(_fact(source))
    return replace(reading, columns={**known, **reading.columns}) if known else reading


def _surveyed(path: Path, reading: Reading) -> tuple[Survey | None, dict[str, _Texts]]:
    """Return what the rows without id tell, and the ids and texts of the first rows; nothing of an unreadable file."""
    survey = Survey()
    try:
        rows = (event for event in readers.events(path, reading) if isinstance(event, Row))
        first = next(rows, None)
        if first is None:
            return None, {}
        if first.values.get("id") not in (None, ""):
            more = [first, *islice(rows, _LOOKED_AT)]
            return None, {str(row.values["id"]): _texts(row.values) for row in more if row.values.get("id")}
        for row in chain([first], rows):
            survey.note(tidy(row)[0].values)
        ids = Ids(survey)
        again = (event for event in readers.events(path, reading) if isinstance(event, Row))
        made: dict[str, _Texts] = {}
        for values in (tidy(row)[0].values for row in again):
            if values.get("id") in (None, ""):
                made[ids.of(values)] = _texts(values) if len(made) < _COMPARED else ("", "", "")
    except (UnreadableError, OSError):
        return None, {}
    return survey, made


def _texts(values: Mapping[str, Json]) -> _Texts:
    return str(values.get("title") or ""), str(values.get("municipality") or ""), str(values.get("text") or "")


async def _source_of(store: Store, own: str, ids: list[str]) -> str:
    """Return the source that brought most of these records, unless the product ships with it."""
    async with store.read() as tx:
        if await tx.imports.owned(own, None, 1):
            return own
        known = {}
        for kind in RecordKind:
            known.update(await tx.imports.known(kind, ids[:_LOOKED_AT]))
    sources = Counter(stored.source for stored in known.values() if not stored.removed)
    name, number = sources.most_common(1)[0] if sources else ("", 0)
    return name if name not in ("", "bundle") and 2 * number > min(len(ids), _LOOKED_AT) else own


async def _foreign(store: Store, source: str, ids: Sequence[str]) -> frozenset[str]:
    """Return the made ids that are another source's: two lists may have the same title without a municipality."""
    foreign: set[str] = set()
    async with store.read() as tx:
        for start in range(0, len(ids), _LOOKED_AT):
            page = ids[start : start + _LOOKED_AT]
            known = await tx.imports.known(RecordKind.PROJECT, [*page, *(of_source(made, source) for made in page)])
            foreign.update(made for made in page if of_source(made, source) in known)
            foreign.update(made for made in page if made in known and known[made].source != source)
    return frozenset(foreign)


async def _continued(store: Store, source: str, new: Mapping[str, _Texts]) -> dict[str, str]:
    """Return id → id of the stored record of the source, for changed titles."""
    gone: dict[str, _Texts] = {}
    after = None
    async with store.read() as tx:
        while page := await tx.imports.owned(source, after, _LOOKED_AT):
            after = page[-1][0]
            ids = [key[1] for key, _, _ in page if key[0] is RecordKind.PROJECT and key[1] not in new]
            bodies = await tx.imports.bodies(RecordKind.PROJECT, ids)
            gone.update({one: _texts(stored.imported or stored.body) for one, stored in bodies.items()})
            if len(gone) > _COMPARED:
                return {}
        known = await tx.imports.known(RecordKind.PROJECT, list(new)[:_COMPARED])
    return same_records(gone, {one: texts for one, texts in new.items() if one not in known})


def notes_about_stored(
    file: str, source: str, new: Incoming, known: Known | None, stored: Bodies | None
) -> Iterator[Note]:
    """Yield a note on the fields that stay as an editor changed them, and on a record that came from elsewhere."""
    if known is None or stored is None or known.removed:
        return
    if known.edited:
        edited = changed_fields(stored.imported or {}, stored.body)
        if kept := [name for name in edited if new.body.get(name) != stored.body.get(name)]:
            yield Note(file, new.line, NoteKind.KEPT, ", ".join(kept), shortened(new.id))
    if known.source not in ("", source) and known.imported_digest not in (None, new.digest):
        yield Note(file, new.line, NoteKind.TAKEN_OVER, detail=shortened(new.id))
