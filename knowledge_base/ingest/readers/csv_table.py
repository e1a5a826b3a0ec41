"""CSV: delimiter comma, semicolon or tab, quoted as RFC 4180 says, field names in the first row."""

from __future__ import annotations

import _csv
import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Self, TextIO

from knowledge_base.ingest.limits import MAX_CELL, MAX_RECORD
from knowledge_base.ingest.readers.table import header, record
from knowledge_base.ingest.readers.text import open_text
from knowledge_base.ingest.row import Row, RowError, UnreadableError

_DELIMITERS = ",;\t"
_SAMPLE = 65_536  # more than any first row needs


def rows(path: Path) -> Iterator[Row | RowError]:
    """Yield the records of ``path``, cells as text. Errors: ``UnreadableError`` where the quoting breaks."""
    with open_text(path, newline="") as stream:
        delimiter = _delimiter(stream)
        lines = _Lines(path, stream)
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            yield from _records(str(path), reader, lines)
        except csv.Error as error:
            reason, remedy = _explained(error)
            raise UnreadableError(path, reason, line=reader.line_num, remedy=remedy) from error


class _Lines:
    """The lines of a file, bounded per record: the csv module itself would hold any line whole."""

    def __init__(self, path: Path, stream: TextIO) -> None:
        self._path = path
        self._stream = stream
        self._line = 0
        self._size = 0

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
        return line

    def begin_record(self) -> None:
        """Start counting again for the next record."""
        self._size = 0


def _explained(error: csv.Error) -> tuple[str, str]:
    if "field limit" in str(error):
        return f"A cell is longer than {MAX_CELL} characters.", "Shorten it, or close the quotation marks before it."
    quoting = "Put cells with quotes or line breaks in double quotes, and double the quotes inside."
    return f"The CSV breaks: {error}.", quoting


def _records(file: str, reader: _csv.Reader, lines: _Lines) -> Iterator[Row | RowError]:
    names: list[str] = []
    while True:
        lines.begin_record()
        line = reader.line_num + 1
        cells = next(reader, None)
        if cells is None:
            return
        if not any(cells) or (not names and len(cells) <= 2 and cells[0].lower().startswith("sep=")):
            continue  # spreadsheets write sep=; as a first line
        if not names:
            names = header(file, line, cells)
        elif row := record(file, line, names, cells):
            yield row


def _delimiter(stream: TextIO) -> str:
    """Return the delimiter that reads the first row best: one that gives a column ``id``, then the most columns."""
    sample = stream.read(_SAMPLE)
    stream.seek(0)
    lines = sample.lstrip("\r\n").splitlines()
    if lines and lines[0].lower().startswith("sep=") and lines[0][4:5] in tuple(_DELIMITERS):
        return lines[0][4]

    def value(delimiter: str) -> tuple[bool, int]:
        try:
            cells = next(csv.reader(io.StringIO(sample.lstrip("\r\n"), newline=""), delimiter=delimiter), [])
        except csv.Error:
            return False, 0
        return "id" in (cell.strip().lower() for cell in cells), len(cells)

    return max(_DELIMITERS, key=value)
