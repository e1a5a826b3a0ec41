"""Import of 100,000 records through validation, staging and publication, and again unchanged; without a model.

The peer is the physical limit: the same rows as plain inserts into SQLite, unchecked, in one transaction.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.table import show
from knowledge_base.ingest.importer import import_files
from knowledge_base.store.database import Store

RECORDS = 100_000


def records() -> Iterator[dict[str, object]]:
    """Yield synthetic projects of the size of real ones."""
    words = "Verkehr Energie Klima Daten Beteiligung Bildung Gesundheit Wasser Sensor Quartier Verwaltung Hitze".split()
    for number in range(RECORDS):
        topic, other = words[number % 12], words[number // 12 % 12]
        text = f"Die Kommune {number} erprobt {topic} und {other} in Vorhaben {number}. " * 8
        yield {
            "id": f"bench-{number:06}",
            "title": f"{topic} und {other} {number}",
            "text": text,
            "municipality": f"Ort {number % 2_000}",
            "topics": [topic, other],
            "licence": "CC0-1.0",
        }


def measured(work: Callable[[], object]) -> float:
    """Return the seconds that the work takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def plain_inserts(file: Path, target: Path) -> None:
    """Read and store the same rows without any check."""
    with sqlite3.connect(target) as connection, file.open(encoding="utf-8") as lines:
        connection.execute("CREATE TABLE record (id TEXT PRIMARY KEY, body TEXT)")
        connection.executemany("INSERT INTO record VALUES (?, ?)", ((json.loads(line)["id"], line) for line in lines))


async def ours(file: Path, database: Path) -> None:
    """Run a real import."""
    store = await Store.open(f"sqlite:///{database}")
    reports = await import_files(store, [file])
    if not reports[0].ok:
        raise SystemExit(str(reports[0].errors))
    await store.close()


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        file, database = Path(folder, "records.jsonl"), Path(folder, "ours.db")
        with file.open("w", encoding="utf-8") as target:
            target.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records())
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        first = measured(lambda: asyncio.run(ours(file, database)))
        again = measured(lambda: asyncio.run(ours(file, database)))
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
        floor = measured(lambda: plain_inserts(file, Path(folder, "plain.db")))
    show(
        (f"{RECORDS:,} records", "seconds", "records/s", "of plain inserts"),
        [
            ("import, all new", f"{first:.1f}", f"{RECORDS / first:,.0f}", f"{floor / first:.2f}"),
            ("import again, nothing changed", f"{again:.1f}", f"{RECORDS / again:,.0f}", f"{floor / again:.2f}"),
            ("plain SQLite inserts, nothing checked", f"{floor:.1f}", f"{RECORDS / floor:,.0f}", "1"),
        ],
    )
    print(f"\nMemory grew by {grown:.0f} MB.")
