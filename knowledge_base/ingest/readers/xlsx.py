"""XLSX: every sheet with a table. Merged cells give each row their value, links their address, formulas their result.

The size of the archive is checked before it is opened; openpyxl parses its XML through defusedxml, which refuses
entities. A formula without a stored result is refused, because its value depends on the program that opens it.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import repeat
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml import DefusedXmlException
from openpyxl.utils import get_column_letter

from knowledge_base.ingest import limits
from knowledge_base.ingest.cells import Bad, Cell, Linked, formula, unescaped
from knowledge_base.ingest.files import checked, explained
from knowledge_base.ingest.readers import sheets
from knowledge_base.ingest.readers.archive import SMALLER, weigh
from knowledge_base.ingest.readers.table import Event, Line
from knowledge_base.ingest.readers.xlsx_extras import Extras, extras_of
from knowledge_base.ingest.reading import Reading
from knowledge_base.ingest.row import UnreadableError

_BROKEN = (zipfile.BadZipFile, ParseError, KeyError, ValueError, TypeError, AttributeError, IndexError, EOFError)
_OLDER = "Older .xls files and workbooks with a password must be saved as .xlsx without one."

_Cell = Any  # openpyxl's ReadOnlyCell or EmptyCell: it has no types


def events(path: Path, reading: Reading) -> Iterator[Event]:
    """Yield the records of ``path``, and notes. Errors: ``UnreadableError``."""
    weigh(checked(path), "XLSX", _OLDER)
    try:
        with ExitStack() as stack:  # close the file here: openpyxl leaves it open when it fails on a damaged workbook
            file = stack.enter_context(path.open("rb"))
            workbook = openpyxl.load_workbook(file, read_only=True, keep_links=False)
            with zipfile.ZipFile(path) as archive:
                extras = [extras_of(archive, sheet) for sheet in workbook.worksheets[: limits.MAX_SHEETS]]
            results = None
            if any(extra.has_formulas for extra in extras):
                again = stack.enter_context(path.open("rb"))
                results = openpyxl.load_workbook(again, read_only=True, keep_links=False, data_only=True)
            found = [
                (sheet.title, _lines(str(path), sheet, results and results.worksheets[number], extras[number]))
                for number, sheet in enumerate(workbook.worksheets[: limits.MAX_SHEETS])
            ]
            yield from sheets.events(path, found, reading)
    except UnreadableError:
        raise
    except OSError as error:
        raise explained(path, error) from error
    except _BROKEN as error:  # openpyxl passes on every error of its parsers
        if DefusedXmlException in (*type(error).__mro__, *type(error.__cause__).__mro__):
            raise UnreadableError(path, "The workbook holds XML entities, which no spreadsheet writes.") from error
        raise UnreadableError(path, "The workbook is damaged.", remedy=f"Save it again. {SMALLER}") from error


def _lines(path: str, sheet: Any, results: Any, extras: Extras) -> Callable[[], Iterator[Line]]:
    def lines() -> Iterator[Line]:
        sheet.reset_dimensions()  # a sheet may claim any size
        if results:
            results.reset_dimensions()
        merged = extras.filler()
        rows: Iterator[tuple[Sequence[_Cell], Sequence[_Cell] | None]]
        rows = zip(sheet.rows, results.rows if results else repeat(None), strict=False)
        for line, (cells, values) in enumerate(rows, start=1):
            if line > limits.MAX_XLSX_ROWS:
                raise UnreadableError(path, f"The sheet claims more than {limits.MAX_XLSX_ROWS} rows.", line=line)
            if any(cell.value is not None for cell in cells[limits.MAX_FIELDS :]):
                raise UnreadableError(path, f"The row has more than {limits.MAX_FIELDS} cells.", line=line)
            row = [
                _linked(_value(cell, values and values[n].value, n + 1, line), extras.links.get((line, n + 1), ""))
                for n, cell in enumerate(cells[: limits.MAX_FIELDS])
            ]
            yield line, merged(line, row)

    return lines


def _value(cell: _Cell, result: Any, column: int, line: int) -> Cell:
    """Return text and numbers as they are, dates as ISO 8601, or the reason why the cell is refused."""
    place = f"The cell {get_column_letter(column)}{line}"
    match cell.value:
        case None:
            return None
        case _ if cell.data_type == "f":
            constant = formula(str(cell.value))
            if constant is not None and (isinstance(constant, Linked) or result is None):
                return constant if isinstance(constant, Linked) or not _is_link(cell.value) else _formula(place)
            return _plain(result, place) if result is not None else _formula(place)
        case _ if cell.data_type == "e":
            return Bad(f"{place} holds an error value.")
        case value:
            return _plain(value, place)


def _is_link(value: object) -> bool:
    return "HYPERLINK" in str(value).upper()


def _formula(place: str) -> Bad:
    return Bad(f"{place} holds a formula.")


def _plain(value: Any, place: str) -> Cell:
    match value:
        case str() as text if len(text) > limits.MAX_CELL:
            return Bad(f"{place} is longer than {limits.MAX_CELL} characters.")
        case str() as text:
            return unescaped(text)
        case dt.datetime() as moment if moment.time() == dt.time():
            return moment.date().isoformat()
        case dt.datetime() | dt.date() | dt.time() as moment:
            return moment.isoformat()
        case dt.timedelta() as duration:
            return str(duration)
        case other:
            return other


def _linked(cell: Cell, address: str) -> Cell:
    return Linked(cell, address) if address and isinstance(cell, str) and not isinstance(cell, Linked) else cell
