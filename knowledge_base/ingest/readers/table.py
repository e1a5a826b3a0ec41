"""Tables, for CSV, XLSX and ODS: the row of names, wherever it stands, then one record per row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from knowledge_base.errors import InputError
from knowledge_base.ingest.cells import Bad, Cell, is_empty
from knowledge_base.ingest.columns import Columns, alike, recognised
from knowledge_base.ingest.limits import MAX_FIELDS, MAX_LINE
from knowledge_base.ingest.notes import Note, NoteKind
from knowledge_base.ingest.readers.records import UNNAMED, Event, Header, record
from knowledge_base.ingest.reading import Reading
from knowledge_base.ingest.row import RowError, UnreadableError, shortened
from knowledge_base.ingest.validation import FIELDS
from knowledge_base.model import RecordKind

__all__ = ["Event", "Header", "Line", "NoTableError", "events", "known_names", "record"]

HEAD = 60  # rows that are not empty, among which the names are looked for
_OF_PROJECTS = frozenset({*FIELDS[RecordKind.PROJECT], "record", "extra"})
_OF_ALL = _OF_PROJECTS.union(*FIELDS.values())

Line = tuple[int, Sequence[Cell]]


class NoTableError(UnreadableError):
    """A table in which no row holds the needed names; ``found`` counts those that the best row has."""

    found = 0


def events(file: str, lines: Iterable[Line], reading: Reading, *, delimited: bool = False) -> Iterator[Event]:
    """Yield the records of a table, and what was guessed. Errors: ``NoTableError`` before anything else.

    In a ``delimited`` file, a row with too many cells has a delimiter inside one of them.
    """
    stream = iter(lines)
    head = _head(stream, reading)
    if not head:
        return
    for line, cells in head:
        if len(_plain(cells)) > MAX_FIELDS:
            raise UnreadableError(file, f"There are more than {MAX_FIELDS} columns.", line=line)
    if bad := [cell for cell in head[0][1] if isinstance(cell, Bad)]:
        yield from (RowError(file, head[0][0], "", cell.reason, cell.remedy) for cell in bad)
        return
    header = find(file, head, reading)
    yield from _told(file, head[0][0], header, reading)
    for line, cells in chain((row for row in head if row[0] > header.last), stream):
        yield from record(file, line, header, cells, delimited=delimited)


def _head(stream: Iterator[Line], reading: Reading) -> list[Line]:
    head: list[Line] = []
    for line, cells in stream:
        if line < reading.header_line or all(map(is_empty, cells)):
            continue
        head.append((line, cells))
        if len(head) == HEAD or (len(head) == 1 and "id" in _plain(cells)):
            break
    return head


def _told(file: str, first: int, header: Header, reading: Reading) -> Iterator[Note]:
    if header.first != first and not reading.header_line:
        yield Note(file, 0, NoteKind.HEADER, detail=str(header.first))
    if renamed := header.columns.renamed:
        shown = ", ".join(f"{shortened(name, 40)} → {field}" for name, field in renamed)
        yield Note(file, 0, NoteKind.COLUMNS, detail=shown)
    if not header.strict:
        for name in header.columns.names:
            if name.startswith(UNNAMED):
                yield Note(file, 0, NoteKind.UNNAMED, detail=name)


# ------------------------------------------------------------------------------------------------- names


def find(file: str, head: Sequence[Line], reading: Reading) -> Header:
    """Return the row of names. Errors: ``NoTableError``, which tells what was found, needed and alike."""
    line, cells = head[0]
    if "id" in (names := _plain(cells)) and not reading.columns:
        return Header(line, line, recognised(strict(file, line, cells), _canonical(names), {}), strict=True)
    best: tuple[int, Header] | None = None
    for height in (1, 2):
        for number in range(1 if reading.header_line else len(head)):
            header = _read(head[number : number + height], reading)
            if header and _is_enough(header.columns):
                return _with_second_names(header, head[number + height : number + height + 1])
            if height == 1 and header and (best is None or _score(header.columns) > best[0]):
                best = (_score(header.columns), header)
    raise _no_table(file, head, best)


def known_names(head: Sequence[Line], reading: Reading) -> int:
    """Return how many fields the best row of names has, to compare ways of cutting rows into cells."""
    headers = (_read(head[n : n + 1], reading) for n in range(len(head)))
    return max((_score(header.columns) for header in headers if header), default=0)


def _read(rows: Sequence[Line], reading: Reading) -> Header | None:
    names = loose([cells for _, cells in rows])
    if sum(not name.startswith(UNNAMED) for name in names) < 2 or any(len(name) > MAX_LINE for name in names):
        return None
    canonical = _canonical(names)
    try:
        columns = recognised(names, canonical, reading.columns)
    except InputError:
        return None
    return Header(rows[0][0], rows[-1][0], columns, strict=not columns.is_foreign and set(names) <= canonical)


def _with_second_names(header: Header, following: Sequence[Line]) -> Header:
    """Return the header with the row below it, if that only repeats the names in another language."""
    if following:
        line, cells = following[0]
        again = recognised(loose([cells]), frozenset(), {})
        if len(again.found & header.columns.found - set(again.names)) >= 3:
            return Header(header.first, line, header.columns, header.strict)
    return header


def _canonical(names: Sequence[str]) -> frozenset[str]:
    return _OF_ALL if "record" in names or "id" in names else _OF_PROJECTS


def _is_enough(columns: Columns) -> bool:
    return {"title", "text"} <= columns.found or "record" in columns.names or {"id", "title"} <= set(columns.names)


def _score(columns: Columns) -> int:
    return len(columns.renamed) + len(columns.found & _OF_PROJECTS) + 5 * len(columns.found & {"title", "text"})


def _no_table(file: str, head: Sequence[Line], best: tuple[int, Header] | None) -> NoTableError:
    line = best[1].first if best else head[0][0]
    names = [name for name in (best[1].columns.names if best else _plain(head[0][1])) if name]
    found = best[1].columns.found if best else frozenset()
    needed = [field for field in ("title", "text") if field not in found] or ["title", "text"]
    shown = ", ".join(shortened(name, 50) for name in names[:40] if not name.startswith(UNNAMED))
    near = [
        f"{field}: {', '.join(shortened(name, 50) for name in same)}"
        for field in needed
        if (same := alike(field, names))
    ]
    reason = f"No column for {' and '.join(needed)} was found. The columns are: {shown}."
    remedy = f"Name it, such as --column {needed[0]}={shortened(_offered(needed[0], names, found, best), 50)!r}."
    if near:
        remedy = f"Names like it – {'; '.join(near)}. {remedy}"
    error = NoTableError(file, reason, line=line, remedy=remedy)
    error.found = best[0] if best else 0
    return error


def _offered(field: str, names: Sequence[str], found: frozenset[str], best: tuple[int, Header] | None) -> str:
    if same := alike(field, names):
        return same[0]
    if field == "text" and "title" in found and best:
        return next(
            n for n, fields in zip(best[1].columns.names, best[1].columns.fields, strict=True) if "title" in fields
        )
    return names[0] if names else "NAME"


def _plain(cells: Sequence[Cell]) -> list[str]:
    names = ["" if is_empty(cell) else str(cell).strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    return names


def loose(rows: Sequence[Sequence[Cell]]) -> list[str]:
    """Return the names of one or two rows of cells, each made different from the ones before it."""
    width = max(len(_plain(cells)) for cells in rows)
    names: list[str] = []
    for number in range(width):
        parts = [
            str(cells[number]).strip().lower() for cells in rows if number < len(cells) and not is_empty(cells[number])
        ]
        name = "\n".join(dict.fromkeys(parts)) or f"{UNNAMED}{number + 1}"
        same = sum(other == name or other.startswith(f"{name} (") for other in names)
        names.append(f"{name} ({same + 1})" if same else name)
    return names


def strict(file: str, line: int, cells: Sequence[Cell]) -> list[str]:
    """Return the field names of a table that names fields as we do; refuse what would lose a cell."""
    names = _plain(cells)
    for number, name in enumerate(names, start=1):
        if not name:
            raise UnreadableError(file, f"Column {number} has no name.", line=line, remedy="Name or remove the column.")
        if name in names[number:]:
            raise UnreadableError(file, f"The column {shortened(name)!r} stands twice.", line=line)
    return names
