"""Tables, for CSV and XLSX: a first row of field names, then one record per row."""

from __future__ import annotations

from collections.abc import Sequence

from knowledge_base.ingest.limits import MAX_FIELDS
from knowledge_base.ingest.row import Row, RowError, UnreadableError, shortened
from knowledge_base.model import Json


def header(file: str, line: int, cells: Sequence[Json]) -> list[str]:
    """Return the field names of a table: trimmed and lower case; columns without a name at the end are left out."""
    names = ["" if cell is None else str(cell).strip().lower() for cell in cells]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise UnreadableError(file, "The first row holds no field names.", line=line, remedy="Begin with id, title, …")
    if len(names) > MAX_FIELDS:
        raise UnreadableError(file, f"There are more than {MAX_FIELDS} columns.", line=line)
    for number, name in enumerate(names, start=1):
        if not name:
            raise UnreadableError(file, f"Column {number} has no name.", line=line, remedy="Name or remove the column.")
        if name in names[number:]:
            raise UnreadableError(file, f"The column {shortened(name)!r} stands twice.", line=line)
    return names


def record(file: str, line: int, names: Sequence[str], cells: Sequence[Json]) -> Row | RowError | None:
    """Return the record of one row; None for an empty row. Cells missing at the end are empty."""
    if all(cell is None or cell == "" for cell in cells):
        return None
    if any(cell is not None and cell != "" for cell in cells[len(names) :]):
        reason = f"The row has more cells than the first row has names ({len(names)})."
        return RowError(file, line, "", reason, "Quote cells that hold the delimiter.")
    return Row(file, line, {name: cell for name, cell in zip(names, cells, strict=False) if cell not in (None, "")})
