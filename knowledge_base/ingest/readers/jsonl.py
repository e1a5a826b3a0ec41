"""JSONL: one JSON object per line; empty lines are allowed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from knowledge_base.ingest.limits import MAX_RECORD
from knowledge_base.ingest.readers.json_values import JsonError, decoded
from knowledge_base.ingest.readers.text import open_text
from knowledge_base.ingest.row import Row, RowError, UnreadableError


def rows(path: Path) -> Iterator[Row | RowError]:
    """Yield the records of ``path``; yield an error for a broken line and read on."""
    with open_text(path) as stream:
        number = 0
        while line := stream.readline(MAX_RECORD + 1):
            number += 1
            if len(line) > MAX_RECORD:
                reason = f"The line is longer than {MAX_RECORD} characters."
                raise UnreadableError(path, reason, line=number, remedy="JSONL holds one record a line.")
            if text := line.strip():
                yield _row(str(path), number, text)


def _row(file: str, number: int, text: str) -> Row | RowError:
    try:
        value, end = decoded(text)
    except JsonError as error:
        return RowError(
            file, number, "", str(error), (f"See column {error.position + 1}." if error.position >= 0 else "")
        )
    if text[end:].strip():
        return RowError(file, number, "", "More stands behind the JSON object.", "Write one record a line.")
    if not isinstance(value, dict):
        return RowError(file, number, "", "This is not a JSON object.", 'Write {"id": …, "title": …}.')
    return Row(file, number, value)
