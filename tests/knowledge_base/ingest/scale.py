"""A process that imports a large file, embeds it and tells its figures; run by ``test_importer_scale``."""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from pathlib import Path

from knowledge_base.ingest.importer import import_files
from knowledge_base.search.embedding_backlog import embed_missing
from knowledge_base.store.database import Store
from tests.knowledge_base.ingest.embedders import HashEmbedder


def peak_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


async def main(url: str, path: str) -> None:
    store = await Store.open(url)
    before, begin = peak_mb(), time.perf_counter()
    published = [0.0, 0.0]

    def progress(phase: str, done: int, _total: int | None) -> None:
        if phase == "publish":
            published[bool(done)] = time.perf_counter()

    (report,) = await import_files(store, [Path(path)], progress=progress)
    assert report.ok, report.errors
    imported = time.perf_counter()
    embedded = await embed_missing(store, HashEmbedder())
    figures = {
        "rows_per_second": round(report.rows / (imported - begin)),
        "publish_seconds": round(published[1] - published[0], 2),
        "grown_mb": peak_mb() - before,
        "embedded": embedded,
        "texts_per_second": round(embedded / (time.perf_counter() - imported)),
    }
    await store.close()
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
