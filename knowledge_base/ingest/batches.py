"""Bounds of a batch, in rows and in characters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from knowledge_base.ingest.readers.table import Event
from knowledge_base.ingest.row import Row

BATCH = 500  # rows of one short transaction …
BATCH_SIZE = 4_000_000  # … or fewer, when they reach this many characters


def batch_of(rows: Iterator[Event]) -> list[Event]:
    """Return the next rows, few where they are large; empty at the end."""
    batch: list[Event] = []
    size = 0
    for row in islice(rows, BATCH):
        batch.append(row)
        size += weight(row.values) if isinstance(row, Row) else 0
        if size > BATCH_SIZE:
            break
    return batch


def weight(value: object) -> int:
    """Return the approximate number of characters of a value."""
    match value:
        case str():
            return len(value)
        case Mapping():
            return sum(weight(key) + weight(item) for key, item in value.items())
        case list():
            return sum(map(weight, value)) + len(value)
        case _:
            return 8
