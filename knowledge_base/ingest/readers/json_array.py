"""JSON: an array of records, or an object that holds one under some name; streamed, element by element.

The buffer always holds at least the longest record that is allowed, or the rest of the file. So a value that cannot be
decoded from it is truly wrong, and no element is ever decoded twice.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TextIO

from knowledge_base.ingest.limits import MAX_RECORD
from knowledge_base.ingest.readers.json_values import UNTERMINATED, JsonError, decoded
from knowledge_base.ingest.readers.text import open_text
from knowledge_base.ingest.row import Row, RowError, UnreadableError
from knowledge_base.model import Json

TOO_LONG = f"The record is longer than {MAX_RECORD} characters."
_SPACE = re.compile(r"[ \t\r\n]*")
_NESTED = 3  # objects around the list
_SHAPE = 'Write an array of records, or {"records": […]}.'


def rows(path: Path) -> Iterator[Row | RowError]:
    """Yield the records of ``path``.

    Errors: ``UnreadableError`` where the JSON breaks: the rest of the file has no meaning.
    """
    with open_text(path) as stream:
        cursor = _Cursor(path, stream)
        if cursor.peek() == "[":
            yield from _elements(cursor)
        elif cursor.peek() == "{":
            yield from _member(cursor)
        else:
            raise cursor.failure("The file begins with neither [ nor {.", _SHAPE)
        if cursor.peek():
            raise cursor.failure("More stands behind the end of the JSON value.", _SHAPE)


def _elements(cursor: _Cursor) -> Iterator[Row | RowError]:
    yield from _list(cursor, wanted=True)


def _element(cursor: _Cursor) -> Row | RowError:
    line = cursor.line
    value = cursor.value()
    if not isinstance(value, dict):
        return RowError(str(cursor.path), line, "", "This element is not a JSON object.", 'Write {"id": …}.')
    inner = value.get("properties")
    if value.get("type") == "Feature" and isinstance(inner, dict):  # GeoJSON
        value = inner
    return Row(str(cursor.path), line, value)


def _member(cursor: _Cursor, depth: int = 0) -> Iterator[Row | RowError]:
    """Yield the array under ``records``, else the first array of objects; skip other members (a version)."""
    seen = yield from _members(cursor, depth)
    if not seen:
        raise cursor.failure("The object has no field records, and no other list of records.", _SHAPE)


def _members(cursor: _Cursor, depth: int) -> Generator[Row | RowError, None, bool]:
    """Read an object to its end; return whether it held the records."""
    cursor.take("{")
    seen = False
    while cursor.peek() != "}":
        name = cursor.value()
        cursor.take(":")
        if not seen and cursor.peek() == "[":
            seen = yield from _list(cursor, wanted=name == "records")
        elif name == "records" and depth == 0:
            raise cursor.failure("There must be one field records, and it must be an array.", _SHAPE)
        elif not seen and cursor.peek() == "{" and depth < _NESTED:
            seen = yield from _members(cursor, depth + 1)
        else:
            cursor.value()
        cursor.separate("}")
    cursor.take("}")
    return seen


def _list(cursor: _Cursor, *, wanted: bool) -> Generator[Row | RowError, None, bool]:
    """Yield the elements of an array if it is the wanted one or begins with an object; return whether it did."""
    cursor.take("[")
    wanted = wanted or cursor.peek() == "{"
    while cursor.peek() != "]":
        if wanted:
            yield _element(cursor)
        else:
            cursor.value()
        cursor.separate("]")
    cursor.take("]")
    return wanted


class _Cursor:
    """A place in the file that moves forward only."""

    def __init__(self, path: Path, stream: TextIO) -> None:
        self.path = path
        self.line = 1
        self._stream = stream
        self._text = ""
        self._at = 0

    def peek(self) -> str:
        """Return the next character that is not a space, "" at the end; the cursor stands on it afterwards."""
        while True:
            self._fill()
            self._forward(_SPACE.match(self._text, self._at).end())  # type: ignore[union-attr]  # it matches ""
            if self._at < len(self._text) or not self._fill():
                return self._text[self._at : self._at + 1]

    def take(self, character: str) -> None:
        if self.peek() != character:
            raise self.failure(f"Here {character} is missing.")
        self._forward(self._at + 1)

    def separate(self, end: str) -> None:
        """Move from the end of an element to the next one, or to ``end``."""
        if self.peek() != end:
            self.take(",")
            if self.peek() == end:
                raise self.failure(f"A comma stands before {end}.", "Remove the comma.")

    def value(self) -> Json:
        self.peek()
        try:
            value, end = decoded(self._text, self._at)
        except JsonError as error:
            if str(error) == UNTERMINATED and len(self._text) - self._at > MAX_RECORD:
                raise self.failure(TOO_LONG) from error
            self._forward(max(self._at, error.position))
            raise self.failure(str(error)) from error
        if end - self._at > MAX_RECORD:
            raise self.failure(TOO_LONG)
        self._forward(end)
        return value

    def failure(self, reason: str, remedy: str = "") -> UnreadableError:
        return UnreadableError(self.path, reason, line=self.line, remedy=remedy)

    def _forward(self, at: int) -> None:
        self.line += self._text.count("\n", self._at, at)
        self._at = at

    def _fill(self) -> bool:
        """Read on; return whether there was more to read."""
        if len(self._text) - self._at > MAX_RECORD:
            return False
        more = self._stream.read(2 * MAX_RECORD)
        if more:
            self._text, self._at = self._text[self._at :] + more, 0
        return bool(more)
