"""ODS (LibreOffice): every sheet with a table, streamed from the XML of the document.

The size of the archive is checked first; defusedxml refuses entities. Repeated cells and rows are bounded: the format
lets one element stand for millions.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from knowledge_base.ingest import limits
from knowledge_base.ingest.cells import Bad, Cell, Linked
from knowledge_base.ingest.files import checked, explained
from knowledge_base.ingest.readers import sheets
from knowledge_base.ingest.readers.archive import SMALLER, weigh
from knowledge_base.ingest.readers.table import Event, Line
from knowledge_base.ingest.reading import Reading
from knowledge_base.ingest.row import UnreadableError

_OFFICE, _TABLE, _TEXT, _XLINK = (
    "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}",
    "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}",
    "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}",
    "{http://www.w3.org/1999/xlink}",
)
_SHEET, _ROW, _CELL, _COVERED = (f"{_TABLE}{n}" for n in ("table", "table-row", "table-cell", "covered-table-cell"))
_NUMBERS = ("float", "currency", "percentage")
_PART = "content.xml"
_REMEDY = "Workbooks with a password must be saved without one, or as .xlsx."

Element = Any  # xml.etree's, as defusedxml gives it


def events(path: Path, reading: Reading) -> Iterator[Event]:
    """Yield the records of ``path``, and notes. Errors: ``UnreadableError``."""
    weigh(checked(path), "ODS", _REMEDY)
    try:
        with zipfile.ZipFile(path) as archive:
            titles = _titles(archive)
            found = [(title, _lines(path, archive, number)) for number, title in enumerate(titles[: limits.MAX_SHEETS])]
            yield from sheets.events(path, found, reading)
    except OSError as error:
        raise explained(path, error) from error
    except DefusedXmlException as error:
        raise UnreadableError(path, "The workbook holds XML entities, which no spreadsheet writes.") from error
    except (zipfile.BadZipFile, ParseError, KeyError, ValueError, EOFError, RuntimeError, NotImplementedError) as error:
        raise UnreadableError(path, "The workbook is damaged.", remedy=f"Save it again. {SMALLER}") from error


def _titles(archive: zipfile.ZipFile) -> list[str]:
    titles: list[str] = []
    with archive.open(_PART) as stream:
        for event, element in iterparse(stream, events=("start", "end")):
            if event == "start" and element.tag == _SHEET:
                titles.append(element.get(f"{_TABLE}name") or f"Sheet {len(titles) + 1}")
            elif event == "end" and element.tag in (_ROW, _SHEET):
                element.clear()
    return titles


def _lines(path: Path, archive: zipfile.ZipFile, wanted: int) -> Callable[[], Iterator[Line]]:
    def lines() -> Iterator[Line]:
        number, line = -1, 0
        spans: dict[int, tuple[int, Cell]] = {}  # column -> last line, value
        with archive.open(_PART) as stream:
            for event, element in iterparse(stream, events=("start", "end")):
                if event == "start":
                    number += element.tag == _SHEET
                    continue
                if element.tag == _SHEET and number == wanted:
                    return
                if element.tag != _ROW:
                    continue
                if number == wanted:
                    cells = _cells(path, line + 1, element, spans)
                    times = min(_count(element, "number-rows-repeated"), limits.MAX_XLSX_ROWS)
                    if any(cell is not None for cell in cells):
                        if line + times > limits.MAX_XLSX_ROWS:
                            raise UnreadableError(path, f"The sheet claims more than {limits.MAX_XLSX_ROWS} rows.")
                        yield from ((line + n, cells) for n in range(1, times + 1))
                    line += times
                element.clear()

    return lines


def _cells(path: Path, line: int, row: Element, spans: dict[int, tuple[int, Cell]]) -> list[Cell]:
    cells: list[Cell] = []
    for element in row:
        if element.tag not in (_CELL, _COVERED):
            continue
        times = _count(element, "number-columns-repeated")
        value = _value(element, f"The cell in line {line}, column {len(cells) + 1}")
        if value is None and element.tag == _COVERED and spans.get(len(cells), (0, None))[0] >= line:
            value = spans[len(cells)][1]
        elif value is not None and (rows := _count(element, "number-rows-spanned")) > 1:
            spans[len(cells)] = (line + rows - 1, value)
        if value is not None and len(cells) + times > limits.MAX_FIELDS:
            raise UnreadableError(path, f"The row has more than {limits.MAX_FIELDS} cells.", line=line)
        cells += [value] * min(times, limits.MAX_FIELDS - len(cells))
    return cells


def _count(element: Element, name: str) -> int:
    return max(1, int(element.get(f"{_TABLE}{name}") or 1))


def _value(element: Element, place: str) -> Cell:
    """Return the stored value: of a formula, too, since the format keeps its result."""
    kind = element.get(f"{_OFFICE}value-type") or ""
    if kind in _NUMBERS:
        number = float(element.get(f"{_OFFICE}value") or "nan")
        return int(number) if number == number and abs(number) < 2**53 and number == int(number) else number  # noqa: PLR0124
    if kind == "date":
        return str(element.get(f"{_OFFICE}date-value") or "").removesuffix("T00:00:00") or None
    if kind == "boolean":
        return element.get(f"{_OFFICE}boolean-value") == "true"
    text = "\n".join("".join(_words(paragraph)) for paragraph in element.findall(f"{_TEXT}p"))
    if len(text) > limits.MAX_CELL:
        return Bad(f"{place} is longer than {limits.MAX_CELL} characters.")
    link = element.find(f".//{_TEXT}a")
    address = "" if link is None else str(link.get(f"{_XLINK}href") or "")
    return Linked(text, address) if address.startswith(("http://", "https://")) else text or None


def _words(element: Element) -> Iterator[str]:
    """Yield the text of a paragraph; notes of reviewers are no part of it."""
    yield element.text or ""
    for child in element:
        if child.tag == f"{_TEXT}s":
            yield " " * min(_TEXT_SPACES, int(child.get(f"{_TEXT}c") or 1))
        elif child.tag == f"{_TEXT}line-break":
            yield "\n"
        elif child.tag != f"{_OFFICE}annotation":
            yield from _words(child)
        yield child.tail or ""


_TEXT_SPACES = 20
