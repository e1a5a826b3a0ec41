"""The opened knowledge base: database, models, search."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings
from knowledge_base.embedding.factory import Engine, open_embedder
from knowledge_base.embedding.port import Embedder
from knowledge_base.embedding.reranker import open_reranker
from knowledge_base.errors import ModelError
from knowledge_base.ingest.bundle import load_bundle
from knowledge_base.progress import Progress, silent
from knowledge_base.search.service import MODEL, SearchService, warm
from knowledge_base.store.backup.create import database_file
from knowledge_base.store.database import Store
from knowledge_base.store.state_folder import is_gone, lost, mark, prepare, tighten


@dataclass(frozen=True, slots=True)
class KnowledgeBase:
    """The opened knowledge base."""

    store: Store
    search: SearchService


@asynccontextmanager
async def open_store(settings: Settings, *, new: bool = False) -> AsyncIterator[Store]:
    """The database alone; ``new``: it may be empty though the state folder shows an earlier installation.

    Errors: ``StoreError`` with the remedy, see ``Store.open`` and ``knowledge_base.store.state_folder``.
    """
    folder, database = settings.state_dir, database_file(settings.database_url)
    prepare(folder)
    tighten(folder, database)
    error = None if new or database == Path(":memory:") else lost(folder, database)
    if error and database and is_gone(database):
        raise error
    store = await Store.open(settings.database_url, empty=error)
    try:
        mark(folder)
        tighten(folder, database)
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_records(settings: Settings, *, progress: Progress = silent) -> AsyncIterator[Store]:
    """The database with the records that ship with the product, as the settings want them."""
    async with open_store(settings) as store:
        if settings.knowledge.bundle:
            await load_bundle(store, progress)
        yield store


@asynccontextmanager
async def open_knowledge(settings: Settings, *, progress: Progress = silent) -> AsyncIterator[KnowledgeBase]:
    """Database, bundle, model and search index, ready to answer."""
    async with open_records(settings, progress=progress) as store, open_search(settings, store, progress) as search:
        await search.start(progress)
        yield KnowledgeBase(store, search)


@asynccontextmanager
async def open_search(settings: Settings, store: Store, progress: Progress = silent) -> AsyncIterator[SearchService]:
    """The models of the settings over a store; nothing is read or embedded yet."""
    chosen = settings.embedding
    async with AsyncExitStack() as opened:

        async def model(engine: Engine, name: str) -> Embedder:
            embedder = await open_embedder(
                engine, name, settings.models_dir, progress=lambda part: progress("model", round(part * 100), 100)
            )
            opened.push_async_callback(embedder.close)
            return embedder

        embedder, _ = await asyncio.gather(model(chosen.engine, chosen.model), asyncio.to_thread(warm))
        reranker = await open_reranker(chosen.reranker) if chosen.reranker else None
        if reranker:
            opened.push_async_callback(reranker.close)
        async with store.read() as tx:
            before = await tx.facts.get(MODEL)
        former = None
        if before and before["fingerprint"] != embedder.fingerprint:
            with suppress(ModelError):  # gone: then words alone must do until the new one is ready
                former = await model(before["engine"], before["model"])
        yield SearchService(store, embedder, model=(chosen.engine, chosen.model), reranker=reranker, former=former)
