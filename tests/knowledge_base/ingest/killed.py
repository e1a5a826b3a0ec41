"""A process that imports or embeds, and kills itself at a given statement; run by ``test_importer_killed``."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

from sqlalchemy import event

from knowledge_base.ingest.importer import import_files
from knowledge_base.search.embedding_backlog import embed_missing
from knowledge_base.store.database import Store
from tests.knowledge_base.ingest.embedders import HashEmbedder


def kill_at(store: Store, statement: int) -> None:
    """Die without a word right before the n-th statement that the database would get, counting commits."""
    left = statement

    def count(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = store._engine.sync_engine
    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count)


async def main(url: str, path: str, statement: str) -> None:
    """Import ``path``, or embed what has no vector when it is ""."""
    store = await Store.open(url)
    kill_at(store, int(statement))
    print("READY", flush=True)
    if path:
        reports = await import_files(store, [Path(path)])
        assert reports[0].ok
    else:
        await embed_missing(store, HashEmbedder())
    await store.close()
    print("DONE", flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
