"""The search that a running bot uses: always the newest snapshot that is complete, never a pause.

The index follows the store: when its revision has risen, what changed is embedded and a new snapshot is built beside
the old one, which answers meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from knowledge_base.embedding.port import Embedder
from knowledge_base.embedding.reranker import Reranker
from knowledge_base.ingest.embedding_backlog import embed_missing
from knowledge_base.ingest.importer import Progress, silent
from knowledge_base.model import Answer, Contact, Municipality, Project
from knowledge_base.search.engine import Search
from knowledge_base.search.index import Index
from knowledge_base.store.database import Store

log = structlog.get_logger()
MODEL = "index model"  # the fact that names the model whose vectors are complete


@dataclass(frozen=True, slots=True)
class Found:
    """An answer, and whether its question leaned on the ones before."""

    answer: Answer
    follows_up: bool


class SearchService:
    """Questions to the newest snapshot. One per process."""

    def __init__(self, store: Store, embedder: Embedder, reranker: Reranker | None = None) -> None:
        self._store = store
        self._embedder = embedder
        self._reranker = reranker
        self._search: Search | None = None
        self._revision = -1
        self._refreshing = asyncio.Lock()

    async def refresh(self, progress: Progress = silent) -> bool:
        """Follow the store; returns whether anything had changed. Questions go on against the old snapshot."""
        async with self._refreshing:
            async with self._store.read() as tx:
                revision = await tx.records.revision()
            if revision == self._revision and self._search is not None:
                return False
            await embed_missing(self._store, self._embedder, progress)
            self._search = await self._snapshot()
            self._revision = revision
            async with self._store.begin() as tx:
                await tx.facts.put(MODEL, self._embedder.fingerprint)
            log.info("search.refreshed", revision=revision)
            return True

    async def ask(
        self, chain: Sequence[str], *, language: str | None = None, limit: int = 5, offset: int = 0
    ) -> Found:
        """Answer the last question of a chain; the ones before it are what it may lean on."""
        if self._search is None:
            await self.refresh()
        assert self._search is not None  # noqa: S101 - refresh has made it
        raise NotImplementedError

    async def _snapshot(self) -> Search:
        projects: list[Project] = []
        municipalities: list[Municipality] = []
        contacts: list[Contact] = []
        async with self._store.read() as tx:
            async for stored in tx.records.stream():
                match stored.record:
                    case Project() as project:
                        projects.append(project)
                    case Municipality() as municipality:
                        municipalities.append(municipality)
                    case Contact() as contact:
                        contacts.append(contact)
            vectors = await tx.vectors.all(self._embedder.fingerprint)
        index = await asyncio.to_thread(Index.build, projects, vectors)
        raise NotImplementedError(index)
