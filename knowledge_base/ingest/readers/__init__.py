"""Files to rows, streamed: one module per format, each with the one function ``rows``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from knowledge_base.ingest.files import SUFFIXES
from knowledge_base.ingest.notes import Note
from knowledge_base.ingest.readers import csv_table, json_array, jsonl, ods, yaml_nodes
from knowledge_base.ingest.readers.objects import named
from knowledge_base.ingest.readers.table import Event
from knowledge_base.ingest.reading import EVERYTHING_GUESSED, Reading
from knowledge_base.ingest.row import Row, RowError, UnreadableError


def rows(path: Path) -> Iterator[Row | RowError]:
    """Yield the rows of ``path``, read by the format that its ending names; hold one record in memory at most.

    A row that is broken by itself is yielded as ``RowError``, and reading goes on. Errors: ``UnreadableError`` as soon
    as the file cannot be read on.
    """
    return (event for event in events(path) if not isinstance(event, Note))


def events(path: Path, reading: Reading = EVERYTHING_GUESSED) -> Iterator[Event]:
    """Yield the rows of ``path``, and notes about what was guessed; see ``rows``."""
    match path.suffix.lower():
        case ".jsonl":
            return named(jsonl.rows(path), reading)
        case ".json":
            return named(json_array.rows(path), reading)
        case ".yaml" | ".yml":
            return named(yaml_nodes.rows(path), reading)
        case ".csv" | ".tsv":
            return csv_table.events(path, reading)
        case ".xlsx":
            from knowledge_base.ingest.readers import xlsx  # noqa: PLC0415 - openpyxl is slow to load, and rarely needed

            return xlsx.events(path, reading)
        case ".ods":
            return ods.events(path, reading)
        case _:
            reason = f"The ending {path.suffix[:20]!r} names no known format."
            raise UnreadableError(path, reason, remedy=f"Known: {', '.join(SUFFIXES)}.")
