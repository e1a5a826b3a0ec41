"""One row of a table as a record: what is missing is made, what is beside the records is left out, and said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from knowledge_base.ingest.cells import Bad, Cell, Linked, amount, day, is_empty
from knowledge_base.ingest.columns import BEGIN, OWN_KEY, UNTIL, Columns
from knowledge_base.ingest.notes import Note, NoteKind
from knowledge_base.ingest.row import Row, RowError
from knowledge_base.ingest.validation import FIELDS
from knowledge_base.model import Json, RecordKind

UNNAMED = "column without name "
_WIDE = 6  # columns of a table in which a row of two cells is no record
_TITLE = 120  # characters of a title that is made from a text
_SUM = re.compile(r"(?:zwischen|gesamt)?summe\b|gesamt\b|insgesamt\b|razem\b|suma\b|total\b", re.IGNORECASE)

Event = Row | RowError | Note


@dataclass(frozen=True, slots=True)
class Header:
    """The names of a table: the lines that hold them, and the fields that they mean."""

    first: int
    last: int
    columns: Columns
    strict: bool  # a table that names fields as we do: what is missing there is an error


def record(file: str, line: int, header: Header, cells: Sequence[Cell], *, delimited: bool) -> Iterator[Event]:
    """Yield the record of one row, and notes about it; nothing for an empty row. Missing cells at the end are empty."""
    filled = [cell for cell in cells if not is_empty(cell)]
    if not filled:
        return
    names = header.columns.names
    beyond = {f"{UNNAMED}{n}": cell for n, cell in enumerate(cells, 1) if n > len(names) and not is_empty(cell)}
    if beyond and (delimited or not header.columns.is_foreign):
        reason = f"The row has more cells than the first row has names ({len(names)})."
        yield RowError(file, line, "", reason, "Quote cells that hold the delimiter, or name the columns.")
        return
    values: dict[str, Json] = {name: str(cell) for name, cell in beyond.items()}
    yield from (Note(file, line, NoteKind.UNNAMED, detail=name) for name in beyond)
    bad: list[RowError] = []
    for cell, name, fields in zip(cells, names, header.columns.fields, strict=False):
        if isinstance(cell, Bad):
            bad.append(RowError(file, line, fields[0], cell.reason, cell.remedy))
        elif not is_empty(cell):
            values.update((field if field in _KNOWN else _own(name), cell) for field in fields)
            if "funding" in fields:
                values["funding"] = amount(cell, name)
    if header.columns.is_foreign:
        if _is_beside(values, filled, names):
            yield Note(file, line, NoteKind.ROW_LEFT_OUT)
            return
        yield from _completed(file, line, values)
    if bad:
        yield from bad
        return
    _join_period(values)
    _take_link(values)
    yield Row(file, line, values)


_KNOWN = frozenset({*FIELDS[RecordKind.PROJECT], "record", "extra", BEGIN, UNTIL, OWN_KEY}).union(*FIELDS.values())


def _own(name: str) -> str:
    return " ".join(name.split())


def _is_beside(values: dict[str, Json], filled: Sequence[Cell], names: Sequence[str]) -> bool:
    """Return whether the row is no record: a note below, a heading between, a sum."""
    title, text = values.get("title"), values.get("text")
    if title is None and text is None:
        return True
    few = 1 if len(names) < _WIDE else 2
    if not text and len(names) > 2 and len(filled) <= few:
        return True
    return (len(filled) == 1 and len(names) > 2) or (isinstance(title, str) and bool(_SUM.match(title)) and not text)


def _completed(file: str, line: int, values: dict[str, Json]) -> Iterator[Note]:
    title, text = values.get("title"), values.get("text")
    if text is None and title is not None:
        values["text"] = str(title)
        yield Note(file, line, NoteKind.TEXT_MADE)
    elif title is None and text is not None:
        values["title"] = _beginning(str(text))
        yield Note(file, line, NoteKind.TITLE_MADE)
    elif title is text and title is not None:  # one column holds both
        values["title"] = _beginning(str(title))


def _beginning(text: str) -> str:
    """Return the first sentence of a text, shortened at a word."""
    first = re.split(r"(?<=[.!?])\s|\n", text.strip(), maxsplit=1)[0].strip()
    return first if len(first) <= _TITLE else first[:_TITLE].rsplit(" ", 1)[0] + " …"


def _join_period(values: dict[str, Json]) -> None:
    """Make the period of its two ends."""
    begin, until = values.pop(BEGIN, None), values.pop(UNTIL, None)
    if values.get("period") is None and (begin is not None or until is not None):
        ends = [day(str(end)) if end is not None else "" for end in (begin, until)]
        values["period"] = " – ".join(ends).strip()
    else:
        values.update({name: end for name, end in (("beginn", begin), ("ende", until)) if end is not None})


def _take_link(values: dict[str, Json]) -> None:
    """Read the address behind a cell's words: a link field gets it, and a record without a link takes its title's."""
    for name, value in list(values.items()):
        if isinstance(value, Linked):
            if name in ("url", "sources"):
                values[name] = value.address
            else:
                values.setdefault("url", value.address)
                values[name] = str.__str__(value)
