"""Answer times with the real engine over about 1,000 projects, warm, and the speed of embedding passages.

The peer is the embedding alone: all time above it is ours.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.table import show
from bot.resources import open_search, open_store
from config.settings import Settings
from knowledge_base.codec import to_body
from knowledge_base.ingest.bundle import load_bundle
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.database import Store

COPIES = 8
QUESTIONS = (
    "Wer hat Projekte zur Mobilität gemacht?",
    "who did something against heat in small towns?",
    "kto odpowiada za powódź przy granicy?",
    "LoRaWAN",
    "welche abgeschlossenen Projekte aus der zweiten Staffel gibt es",
    "offene Daten in Potsdam",
)
ROUNDS = 25


async def fill(store: Store) -> int:
    """Store the bundle and variations of it; return the number of projects."""
    await load_bundle(store)
    async with store.read() as tx:
        projects = [s.record async for s in tx.records.stream(RecordKind.PROJECT) if isinstance(s.record, Project)]
    async with store.begin() as tx:
        for copy in range(COPIES):
            for project in projects:
                other = replace(project, id=f"{project.id}-{copy}", text=f"Variante {copy}. {project.text}")
                await tx.records.edit(RecordKind.PROJECT, other.id, to_body(other))
    return len(projects) * (COPIES + 1)


async def measure() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(state_dir=Path(folder))
        async with open_store(settings) as store:
            count = await fill(store)
            async with open_search(settings, store) as search:
                began = time.perf_counter()
                await search.refresh()
                indexing = time.perf_counter() - began
                whole, embedding = [], []
                for _ in range(ROUNDS):
                    for question in QUESTIONS:
                        began = time.perf_counter()
                        await search.embedder.embed_queries([question])
                        embedding.append(time.perf_counter() - began)
                        began = time.perf_counter()
                        await search.ask([question])
                        whole.append(time.perf_counter() - began)
    p50, e50 = statistics.median(whole) * 1_000, statistics.median(embedding) * 1_000
    p95 = statistics.quantiles(whole, n=20)[-1] * 1_000
    show(
        (f"{count} projects, warm", "p50 ms", "p95 ms"),
        [
            ("question to answer", f"{p50:.1f}", f"{p95:.1f}"),
            ("embedding alone", f"{e50:.1f}", ""),
            ("ratio", f"{p50 / e50:.2f}", ""),
        ],
    )
    print(f"\nEmbedded and indexed at {count / indexing:.0f} projects/s.")


def main() -> None:
    """Run the benchmark."""
    asyncio.run(measure())
