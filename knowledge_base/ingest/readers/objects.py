"""Records of JSON and YAML with foreign names: the same names of fields as in tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from knowledge_base.ingest.columns import BEGIN, OWN_KEY, UNTIL, Columns, recognised
from knowledge_base.ingest.notes import Note, NoteKind
from knowledge_base.ingest.readers.table import Event, Header, record
from knowledge_base.ingest.reading import Reading
from knowledge_base.ingest.row import Row, RowError, shortened
from knowledge_base.ingest.validation import FIELDS
from knowledge_base.model import RecordKind

_CANONICAL = frozenset({*FIELDS[RecordKind.PROJECT], "record", "extra"})
_MAY_BE = frozenset({*_CANONICAL, OWN_KEY, BEGIN, UNTIL})


def named(rows: Iterator[Row | RowError], reading: Reading) -> Iterator[Event]:
    """Yield the rows with their fields under our names; records that name ``id`` and ``title`` stay as they are."""
    known: dict[tuple[str, ...], Columns | None] = {}
    told = False
    for row in rows:
        if isinstance(row, RowError):
            yield row
            continue
        names = tuple(row.values)
        if names not in known:
            known[names] = _columns(names, reading)
        columns = known[names]
        if columns is None:
            yield row
            continue
        if not told:
            told = True
            shown = ", ".join(f"{shortened(name, 40)} → {field}" for name, field in columns.renamed)
            yield Note(row.file, 0, NoteKind.COLUMNS, detail=shown)
        yield from _renamed(row, columns)


def _columns(names: tuple[str, ...], reading: Reading) -> Columns | None:
    if not reading.columns and ("record" in names or "id" in names or {"title", "text"} <= set(names)):
        return None
    columns = recognised(names, _CANONICAL, reading.columns if set(reading.columns.values()) <= set(names) else {})
    return columns if columns.renamed else None


def _renamed(row: Row, columns: Columns) -> Iterator[Event]:
    nested: Mapping[str, object] = {name: value for name, value in row.values.items() if isinstance(value, dict | list)}
    cells = [None if name in nested else value for name, value in row.values.items()]
    fields = dict(zip(columns.names, columns.fields, strict=True))
    for event in record(row.file, row.line, Header(0, 0, columns, strict=False), cells, delimited=False):
        if isinstance(event, Row):
            more = {field if field in _MAY_BE else name: row.values[name] for name in nested for field in fields[name]}
            yield Row(event.file, event.line, {**event.values, **more})
        else:
            yield event
