"""XLSX: every sheet that is not empty, field names in its first row.

The size of the archive is checked before it is opened; openpyxl parses its XML through defusedxml, which refuses
entities. Formulas are refused, because their value depends on the program that opens them.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml import DefusedXmlException
from openpyxl.utils import get_column_letter

from knowledge_base.ingest import limits
from knowledge_base.ingest.files import checked, explained
from knowledge_base.ingest.readers.table import header, record
from knowledge_base.ingest.row import Row, RowError, UnreadableError
from knowledge_base.model import Json

_BROKEN = (zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError)
_SMALLER = "Save the data as CSV or JSONL."

Cell = Any  # openpyxl's ReadOnlyCell or EmptyCell: it has no types


def rows(path: Path) -> Iterator[Row | RowError]:
    """Yield the records of ``path``. Errors: ``UnreadableError``."""
    _weigh(checked(path))
    try:
        with path.open("rb") as file:  # close it here: openpyxl leaves it open when it fails on a damaged workbook
            workbook = openpyxl.load_workbook(file, read_only=True, keep_links=False)
            for sheet in workbook.worksheets[: limits.MAX_SHEETS]:
                name = f"{path} [{sheet.title}]" if len(workbook.worksheets) > 1 else str(path)
                sheet.reset_dimensions()  # a sheet may claim any size
                yield from _records(name, sheet.rows)
    except UnreadableError:
        raise
    except OSError as error:
        raise explained(path, error) from error
    except _BROKEN as error:  # openpyxl passes on every error of its parsers
        if DefusedXmlException in (*type(error).__mro__, *type(error.__cause__).__mro__):
            raise UnreadableError(path, "The workbook holds XML entities, which no spreadsheet writes.") from error
        raise UnreadableError(path, "The workbook is damaged.", remedy=f"Save it anew. {_SMALLER}") from error


def _weigh(path: Path) -> None:
    """Refuse archives that grow too much when unpacked; ``zipfile`` never reads more of a part than its stated size."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        remedy = "Older .xls files and workbooks with a password must be saved as .xlsx without one."
        raise UnreadableError(path, "This is not an XLSX workbook.", remedy=remedy) from error
    if len(parts) > limits.MAX_ZIP_ENTRIES:
        raise UnreadableError(path, f"The workbook has more than {limits.MAX_ZIP_ENTRIES} parts.")
    if sum(part.file_size for part in parts) > limits.MAX_ZIP_BYTES:
        reason = f"The workbook unpacks to more than {limits.MAX_ZIP_BYTES // 1024**2} MiB."
        raise UnreadableError(path, reason, remedy=_SMALLER)
    for part in parts:
        if part.file_size > max(limits.ZIP_RATIO_FROM_BYTES, part.compress_size * limits.MAX_ZIP_RATIO):
            reason = f"A part of the workbook unpacks to more than {limits.MAX_ZIP_RATIO} times its size."
            raise UnreadableError(path, reason, remedy=_SMALLER)


def _records(file: str, table: Iterator[Sequence[Cell]]) -> Iterator[Row | RowError]:
    names: list[str] = []
    for line, cells in enumerate(table, start=1):
        if line > limits.MAX_XLSX_ROWS:
            raise UnreadableError(file, f"The sheet claims more than {limits.MAX_XLSX_ROWS} rows.", line=line)
        if any(cell.value is not None for cell in cells[limits.MAX_FIELDS :]):
            raise UnreadableError(file, f"The row has more than {limits.MAX_FIELDS} cells.", line=line)
        row = _row(file, line, names, cells[: limits.MAX_FIELDS])
        if isinstance(row, list):
            names = row
        elif row:
            yield row


def _row(file: str, line: int, names: list[str], cells: Sequence[Cell]) -> Row | RowError | list[str] | None:
    """Return the record of a row, or the field names when it is the first row that is not empty."""
    values = []
    for column, cell in enumerate(cells, start=1):
        value, refusal = _value(cell)
        if refusal:
            field = names[column - 1] if column <= len(names) else ""
            place = f"The cell {get_column_letter(column)}{line}"
            return RowError(file, line, field, f"{place} {refusal}.", "Paste plain values (paste special).")
        values.append(value)
    if names:
        return record(file, line, names, values)
    return header(file, line, values) if any(value not in (None, "") for value in values) else None


def _value(cell: Cell) -> tuple[Json, str]:
    """Return text and numbers as they are, dates as ISO 8601; raise the reason why the cell is refused."""
    match cell.value:
        case None:
            return None, ""
        case _ if cell.data_type == "f":
            return None, "holds a formula"
        case _ if cell.data_type == "e":
            return None, "holds an error value"
        case str() as text if len(text) > limits.MAX_CELL:
            return None, f"is longer than {limits.MAX_CELL} characters"
        case dt.datetime() as moment if moment.time() == dt.time():
            return moment.date().isoformat(), ""
        case dt.datetime() | dt.date() | dt.time() as moment:
            return moment.isoformat(), ""
        case dt.timedelta() as duration:
            return str(duration), ""
        case value:
            return value, ""
