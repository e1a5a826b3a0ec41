"""The check of a database file: SQLite's own findings, and whether each row can be read.

SQLite keeps no checksums, so a changed byte inside a text shows only where the text has a form of its own: UTF-8, JSON,
a moment, the digest of a record. A finding names table, row and column, never a value.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import Column, String, Table

from knowledge_base.codec import digest
from knowledge_base.model import RecordKind
from knowledge_base.store.tables import metadata, record
from knowledge_base.store.types import Document, UtcDateTime

MOST = 10  # findings that are named
STEPS = 10_000  # of SQLite's machine between two looks at the clock


@dataclass(frozen=True, slots=True)
class Findings:
    """The damage of a database file; ``complete``: all of it was checked in time."""

    problems: tuple[str, ...]
    complete: bool


def examine(file: Path, *, seconds: float | None) -> Findings:
    """Look for damage without writing, for so many seconds at most (``None``: to the end). Writers wait meanwhile.

    Never raise for the content of the file.
    """
    problems: list[str] = []
    end = monotonic() + seconds if seconds is not None else None
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True, timeout=30)) as connection:
            connection.text_factory = bytes
            if end is not None:
                connection.set_progress_handler(lambda: int(monotonic() > end), STEPS)
            problems += islice(_problems(connection), MOST)
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            return Findings(tuple(problems), complete=False)
        problems.append(str(error))
    return Findings(tuple(problems), complete=True)


def _problems(connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute(f"PRAGMA integrity_check({MOST})"):
        if line != b"ok":
            yield _words(line)
    for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        yield f"table {_words(table)}, row {row}: refers to a row of {_words(parent)} that is not there"
    for table in metadata.sorted_tables:
        yield from _unreadable(connection, table)


def _unreadable(connection: sqlite3.Connection, table: Table) -> Iterator[str]:
    columns = [column for column in table.columns if isinstance(column.type, String | Document | UtcDateTime)]
    names = ", ".join(f'"{column.name}"' for column in columns)
    for number, *values in connection.execute(f'SELECT rowid, {names} FROM "{table.name}"'):  # noqa: S608 - our names
        row = dict(zip((column.name for column in columns), values, strict=True))
        for column in columns:
            if problem := _problem(column, row[column.name]):
                yield f"table {table.name}, row {number}, column {column.name}: {problem}"
                break
        else:
            if table is record and row["kind"].decode() not in set(RecordKind):
                yield f"table {table.name}, row {number}, column kind: there is no such kind"
            elif table is record and digest(json.loads(row["body"])) != row["digest"].decode():
                yield f"table {table.name}, row {number}, column body: it was changed by something else than the bot"


def _problem(column: Column[Any], value: Any) -> str:
    """Return the problem of one value; empty for a sound one."""
    if value is None:
        return "" if column.nullable else "there is no value"
    try:
        text = value.decode() if isinstance(value, bytes) else str(value)
    except UnicodeDecodeError:
        return "the text is no UTF-8"
    try:
        if isinstance(column.type, Document):
            json.loads(text)
        elif isinstance(column.type, UtcDateTime):
            datetime.fromisoformat(text)
    except (ValueError, RecursionError):
        return "the document is no JSON" if isinstance(column.type, Document) else "the moment cannot be read"
    return ""


def _words(value: bytes | str) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
