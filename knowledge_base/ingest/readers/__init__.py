"""Files to rows, streamed: one module per format, each with the one function ``rows``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from knowledge_base.ingest.files import SUFFIXES
from knowledge_base.ingest.readers import csv_table, json_array, jsonl, yaml_nodes
from knowledge_base.ingest.row import Row, RowError, UnreadableError


def rows(path: Path) -> Iterator[Row | RowError]:
    """Yield the rows of ``path``, read by the format that its ending names; hold one record in memory at most.

    A row that is broken by itself is yielded as ``RowError``, and reading goes on. Errors: ``UnreadableError`` as soon
    as the file cannot be read on.
    """
    match path.suffix.lower():
        case ".jsonl":
            return jsonl.rows(path)
        case ".json":
            return json_array.rows(path)
        case ".yaml" | ".yml":
            return yaml_nodes.rows(path)
        case ".csv" | ".tsv":
            return csv_table.rows(path)
        case ".xlsx":
            from knowledge_base.ingest.readers import xlsx  # noqa: PLC0415 - openpyxl is slow to load, and rarely needed

            return xlsx.rows(path)
        case _:
            reason = f"The ending {path.suffix[:20]!r} names no known format."
            raise UnreadableError(path, reason, remedy=f"Known: {', '.join(SUFFIXES)}.")
