"""Embedding of texts without a vector: after an import, after an edit, after a change of the model.

The backlog is not stored: a text needs a vector when the store has no vector for its hash and the model's fingerprint.
So no text is embedded twice, and a killed run goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import cache

import numpy as np

from knowledge_base import bundle
from knowledge_base.embedding.port import Embedder
from knowledge_base.model import Project, RecordKind
from knowledge_base.progress import Progress, silent
from knowledge_base.search.dense import encode
from knowledge_base.search.passages import passages
from knowledge_base.store.database import Store

TEXTS = 64  # of one call to the model and one transaction: what a kill may cost at most
_PAGE = 200  # projects read at once
_HASHES = 10_000  # hashes read at once


async def embed_missing(store: Store, embedder: Embedder, progress: Progress = silent) -> int:
    """Embed every text of a visible project that has no vector of this model; return the number of texts embedded.

    Texts of the bundle take their vector from the bundle, where it was made with this model.

    Each batch is stored in a transaction of its own, never open while the model works; ``progress`` counts projects.
    Errors: ``ModelError``; batches stored before stay.
    """
    async with store.read() as tx:
        total = (await tx.records.count()).get(RecordKind.PROJECT, 0)
    embedded = done = 0
    async for page in _pages(store):
        texts = _texts(page)
        async with store.read() as tx:
            present = await tx.vectors.get(embedder.fingerprint, texts)
        missing = [key for key in texts if key not in present]
        known = shipped(embedder.fingerprint) if missing else {}
        ready = {key: known[key] for key in missing if key in known}
        if ready:
            async with store.begin() as tx:
                await tx.vectors.add(embedder.fingerprint, ready)
        missing = [key for key in missing if key not in ready]
        for start in range(0, len(missing), TEXTS):
            keys = missing[start : start + TEXTS]
            vectors = encode(await embedder.embed_passages([texts[key] for key in keys]))
            async with store.begin() as tx:
                await tx.vectors.add(embedder.fingerprint, dict(zip(keys, vectors, strict=True)))
        embedded += len(missing)
        done += len(page)
        progress("embed", done, max(done, total))
    return embedded


@cache
def shipped(fingerprint: str) -> Mapping[bytes, bytes]:
    """Return the encoded vectors of the bundle's texts by hash, as ``tools/embed_bundle.py`` wrote them.

    They save a new installation minutes. A model with another fingerprint has none.
    """
    with np.load(bundle.VECTORS) as stored:
        if str(stored["fingerprint"]) != fingerprint:
            return {}
        rows = zip(stored["keys"], stored["values"], strict=True)
        return {key.tobytes(): value.tobytes() for key, value in rows}


async def drop_unused(store: Store, fingerprint: str) -> int:
    """Delete the vectors of texts that no visible project holds any more; return their number."""
    needed: set[bytes] = set()
    async for page in _pages(store):
        needed.update(_texts(page))
    after, dropped = b"", 0
    while True:
        async with store.read() as tx:
            hashes = await tx.vectors.hashes(fingerprint, after, _HASHES)
        if not hashes:
            return dropped
        after = hashes[-1]
        unused = [key for key in hashes if key not in needed]
        if unused:
            async with store.begin() as tx:
                await tx.vectors.drop(fingerprint, unused)
        dropped += len(unused)


async def _pages(store: Store) -> AsyncIterator[list[Project]]:
    after = ""
    while True:
        async with store.read() as tx:
            page = await tx.records.page(RecordKind.PROJECT, after, _PAGE)
        if not page:
            return
        after = page[-1].id
        yield [stored.record for stored in page if isinstance(stored.record, Project)]


def _texts(projects: list[Project]) -> dict[bytes, str]:
    return {passage.hash: passage.text for project in projects for passage in passages(project)}
