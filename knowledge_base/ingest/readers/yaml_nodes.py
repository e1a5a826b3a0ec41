"""YAML: a list of records, or one record per document.

Read from the parser's events, so that only text, lists and mappings are built: no tag runs code, no alias multiplies
("billion laughs") or closes a circle, and a plain ``no`` stays "no" instead of turning into a boolean. Validation reads
numbers from text anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

import yaml

from knowledge_base.ingest.limits import MAX_DEPTH, MAX_RECORD
from knowledge_base.ingest.readers.text import open_text
from knowledge_base.ingest.row import Row, RowError, UnreadableError
from knowledge_base.model import Json

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C parser, where PyYAML was built with it
_CHUNK = 65_536  # more than the parser reads at once
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TAG = "tag:yaml.org,2002:"
_PLAIN_TAGS = frozenset(f"{_TAG}{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map"))

Event = Any  # yaml.Event: PyYAML has no types


def rows(path: Path) -> Iterator[Row | RowError]:
    """Yield the records of ``path``. Errors: ``UnreadableError`` where the YAML breaks."""
    with open_text(path) as stream:
        bounded = _Bounded(path, stream)
        builder = _Builder(path, yaml.parse(bounded, Loader=_LOADER), bounded)
        try:
            yield from _records(builder)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
            line = mark.line + 1 if mark else 0
            raise UnreadableError(path, f"This is not YAML: {problem}.", line=line) from error


def _records(builder: _Builder) -> Iterator[Row | RowError]:
    for event in builder.events:
        match event:
            case yaml.SequenceStartEvent():
                builder.check(event)
                while not isinstance(element := builder.next(), yaml.SequenceEndEvent):
                    yield _row(builder, element)
            case yaml.MappingStartEvent() | yaml.ScalarEvent() | yaml.AliasEvent():
                yield _row(builder, event)
            case _:  # begin and end of the stream and its documents
                pass


def _row(builder: _Builder, event: Event) -> Row | RowError:
    line = event.start_mark.line + 1
    value = builder.record(event)
    if isinstance(value, dict):
        return Row(str(builder.path), line, value)
    return RowError(str(builder.path), line, "", "This is not a mapping of fields.", "Write - id: …, title: …")


class _Bounded:
    """A text file that bounds what the parser reads of one record: it would hold a scalar of any length whole."""

    def __init__(self, path: Path, stream: TextIO) -> None:
        self._path = path
        self._stream = stream
        self._ahead = 0
        self.line = 0  # of the last event

    def read(self, size: int = -1, /) -> str:
        """Return the next characters, for the parser. Errors: ``UnreadableError``."""
        text = self._stream.read(size)
        self._ahead += len(text)
        if self._ahead > MAX_RECORD + _CHUNK:
            reason = f"Something behind this line is longer than {MAX_RECORD} characters."
            raise UnreadableError(
                self._path, reason, line=self.line, remedy="Shorten it, or close its quotation marks."
            )
        return text

    def seen(self, event: Event) -> Event:
        """Start counting again at the parser's position."""
        self._ahead, self.line = 0, event.start_mark.line + 1
        return event


class _Builder:
    """A builder of values from events, one record at a time, within bounds."""

    def __init__(self, path: Path, events: Iterator[Event], bounded: _Bounded) -> None:
        self.path = path
        self.events = map(bounded.seen, events)
        self._size = 0

    def next(self) -> Event:
        return next(self.events)

    def record(self, event: Event) -> Json:
        self._size = 0
        return self._value(event, depth=0)

    def check(self, event: Event) -> None:
        """Refuse events that could multiply, run code or never end."""
        if isinstance(event, yaml.AliasEvent):
            raise self._failure(event, f"Aliases (*{event.anchor}) are not read.", "Write the value out.")
        if getattr(event, "tag", None) not in (None, "!", *_PLAIN_TAGS):
            raise self._failure(event, f"The tag {event.tag[:60]} is not read.", "Remove it.")
        self._size += 1 + len(getattr(event, "value", ""))
        if self._size > MAX_RECORD:
            raise self._failure(event, f"The record is longer than {MAX_RECORD} characters.")

    def _value(self, event: Event, depth: int) -> Json:
        self.check(event)
        if depth > MAX_DEPTH:
            raise self._failure(event, f"Lists and mappings are nested deeper than {MAX_DEPTH}.")
        match event:
            case yaml.ScalarEvent():
                return None if not event.style and event.value in _NULLS else event.value
            case yaml.SequenceStartEvent():
                return self._list(depth + 1)
            case _:
                return self._mapping(depth + 1)

    def _list(self, depth: int) -> list[Json]:
        values = []
        while not isinstance(event := self.next(), yaml.SequenceEndEvent):
            values.append(self._value(event, depth))
        return values

    def _mapping(self, depth: int) -> dict[str, Json]:
        values: dict[str, Json] = {}
        while not isinstance(event := self.next(), yaml.MappingEndEvent):
            self.check(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise self._failure(event, "A field name must be plain text.")
            if event.value in values:
                raise self._failure(event, f"The field {event.value[:60]!r} stands twice in one mapping.")
            values[event.value] = self._value(self.next(), depth)
        return values

    def _failure(self, event: Event, reason: str, remedy: str = "") -> UnreadableError:
        return UnreadableError(self.path, reason, line=event.start_mark.line + 1, remedy=remedy)
