"""CSV: delimiter comma, semicolon, tab or |, quoted as RFC 4180 says."""

from __future__ import annotations

import _csv
import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Self, TextIO

from knowledge_base.ingest.cells import Cell, formula
from knowledge_base.ingest.encodings import NAMES, encoding_of
from knowledge_base.ingest.files import checked, explained
from knowledge_base.ingest.limits import MAX_CELL, MAX_RECORD
from knowledge_base.ingest.notes import Note, NoteKind
from knowledge_base.ingest.readers import table
from knowledge_base.ingest.readers.table import Event
from knowledge_base.ingest.readers.text import open_text
from knowledge_base.ingest.reading import Reading
from knowledge_base.ingest.row import UnreadableError

DELIMITERS = ",;\t|"
_DELIMITER_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|", "\\t": "\t"}
_PROTECTED_CELL = r'(?:(?<=^)|(?<={0}))="((?:[^"\r\n]|"")*)"(?=\s*$|{0})'  # ="00123", so that a spreadsheet keeps it
_SAMPLE = 65_536  # more than any first row needs


def events(path: Path, reading: Reading) -> Iterator[Event]:
    """Yield the records of ``path``, cells as text. Errors: ``UnreadableError`` where the quoting breaks."""
    encoding = reading.encoding or _encoding(path)
    if encoding and not reading.encoding:
        yield Note(str(path), 0, NoteKind.ENCODING, detail=NAMES.get(encoding, encoding))
    with open_text(path, newline="", encoding=encoding) as stream:
        delimiter = _DELIMITER_NAMES.get(reading.delimiter, reading.delimiter) or _delimiter(stream, reading)
        lines = _Lines(path, stream, delimiter)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            yield from table.events(str(path), _rows(reader, lines), reading, delimited=True)
        except csv.Error as error:
            reason, remedy = _explained(error)
            raise UnreadableError(path, reason, line=reader.line_num, remedy=remedy) from error


def _encoding(path: Path) -> str:
    try:
        return encoding_of(checked(path))
    except OSError as error:
        raise explained(path, error) from error


class _Lines:
    """The lines of a file, bounded per record: the csv module itself would hold any line whole."""

    def __init__(self, path: Path, stream: TextIO, delimiter: str) -> None:
        self._path = path
        self._stream = stream
        self._line = 0
        self._size = 0
        self._protected = re.compile(_PROTECTED_CELL.format(re.escape(delimiter)))

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._stream.readline(MAX_RECORD + 1)
        if not line:
            raise StopIteration
        self._line += 1
        self._size += len(line)
        if self._size > MAX_RECORD:
            reason = f"A row is longer than {MAX_RECORD} characters."
            remedy = "Shorten it, or close the quotation marks before it."
            raise UnreadableError(self._path, reason, line=self._line, remedy=remedy)
        return self._protected.sub(r'"\1"', line) if '="' in line else line

    def begin_record(self) -> None:
        """Start counting again for the next record."""
        self._size = 0


def _explained(error: csv.Error) -> tuple[str, str]:
    if "field limit" in str(error):
        return f"A cell is longer than {MAX_CELL} characters.", "Shorten it, or close the quotation marks before it."
    quoting = "Put cells with quotes or line breaks in double quotes, and double the quotes inside."
    return f"The CSV breaks: {error}.", quoting


def _rows(reader: _csv.Reader, lines: _Lines) -> Iterator[tuple[int, Sequence[Cell]]]:
    first = True
    while True:
        lines.begin_record()
        line = reader.line_num + 1
        cells = next(reader, None)
        if cells is None:
            return
        if first and len(cells) <= 2 and cells and cells[0].lower().startswith("sep="):
            continue  # spreadsheets write sep=; as a first line
        first = first and not any(cells)
        yield line, [_value(cell) for cell in cells]


def _value(cell: str) -> Cell:
    if not cell.startswith("="):
        return cell
    constant = formula(cell)
    return cell if constant is None else constant


def _delimiter(stream: TextIO, reading: Reading) -> str:
    """Return the delimiter that reads the names best: one that gives a column ``id`` or the most known names."""
    sample = stream.read(_SAMPLE)
    whole = len(sample) < _SAMPLE
    stream.seek(0)
    lines = sample.lstrip("\ufeff\r\n").splitlines()
    if lines and lines[0].lower().startswith("sep=") and lines[0][4:5] in tuple(DELIMITERS):
        return lines[0][4]
    return max(DELIMITERS, key=lambda delimiter: _value_of(sample, delimiter, reading, whole=whole))


def _value_of(sample: str, delimiter: str, reading: Reading, *, whole: bool) -> tuple[bool, int, int]:
    """Return how well a delimiter reads the sample: an id in the first row, known names, cells of the first row."""
    reader = csv.reader(io.StringIO(sample.lstrip("\ufeff\r\n"), newline=""), delimiter=delimiter)
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows = [row for row in islice(reader, table.HEAD + 1) if any(cell.strip() for cell in row)]
    if not rows:
        return False, 0, 0
    has_id = "id" in (cell.strip().lower() for cell in rows[0])
    known = 0
    if not has_id:
        numbered = list(enumerate(rows if whole or len(rows) == 1 else rows[:-1], start=1))
        known = table.known_names(numbered, reading)
    return has_id, known, len(rows[0])
