from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from knowledge_base.errors import ModelError
from knowledge_base.ingest.importer import import_files
from knowledge_base.model import Project, RecordKind
from knowledge_base.search.dense import decode
from knowledge_base.search.embedding_backlog import TEXTS, drop_unused, embed_missing
from knowledge_base.search.passages import passages
from knowledge_base.store.database import Store
from tests.knowledge_base.ingest.embedders import HashEmbedder
from tests.knowledge_base.ingest.examples import jsonl, project


async def load(store: Store, path: Path, count: int, **changes: Any) -> None:
    records = [project(n, text=f"Satz {n}. " * 150) | (changes if n == 0 else {}) for n in range(count)]
    (report,) = await import_files(store, [jsonl(path / "a.jsonl", records)])
    assert report.ok


async def needed(store: Store) -> dict[bytes, str]:
    async with store.read() as tx:
        seen = [stored.record async for stored in tx.records.stream(RecordKind.PROJECT)]
    return {p.hash: p.text for record in seen if isinstance(record, Project) for p in passages(record)}


async def test_every_text_is_embedded_once(store: Store, tmp_path: Path) -> None:
    await load(store, tmp_path, 250)
    embedder = HashEmbedder()
    told: list[tuple[str, int, int | None]] = []
    texts = await needed(store)
    assert await embed_missing(store, embedder, lambda *step: told.append(step)) == len(texts) > 500
    assert sorted(text for call in embedder.calls for text in call) == sorted(texts.values())
    assert max(map(len, embedder.calls)) == TEXTS
    assert told[-1] == ("embed", 250, 250)
    async with store.read() as tx:
        stored = await tx.vectors.all("hash-16")
    assert set(stored) == set(texts)
    key = next(iter(texts))
    codes, scales = decode([stored[key]])
    expected = (await HashEmbedder().embed_passages([texts[key]]))[0]
    assert np.allclose(codes[0] * scales[0], expected, atol=0.01)
    assert await embed_missing(store, HashEmbedder(fail_at=1)) == 0


async def test_only_changed_texts_are_embedded_again(store: Store, tmp_path: Path) -> None:
    await load(store, tmp_path, 20)
    await embed_missing(store, HashEmbedder())
    await load(store, tmp_path, 20, text="Ein anderer Text.")
    embedder = HashEmbedder()
    assert await embed_missing(store, embedder) == 1
    assert embedder.calls == [["Projekt 0\nEin anderer Text."]]


async def test_embedding_continues_where_it_failed(store: Store, tmp_path: Path) -> None:
    await load(store, tmp_path, 120)
    total = len(await needed(store))
    with pytest.raises(ModelError):
        await embed_missing(store, HashEmbedder(fail_at=3))
    async with store.read() as tx:
        assert await tx.vectors.count("hash-16") == 2 * TEXTS
    assert await embed_missing(store, HashEmbedder()) == total - 2 * TEXTS


async def test_new_model_embeds_all_texts_and_keeps_the_old_vectors(store: Store, tmp_path: Path) -> None:
    await load(store, tmp_path, 10)
    first = await embed_missing(store, HashEmbedder())
    assert await embed_missing(store, HashEmbedder("other")) == first
    async with store.read() as tx:
        assert await tx.vectors.count("hash-16") == first


async def test_vectors_of_removed_texts_are_dropped(store: Store, tmp_path: Path) -> None:
    await load(store, tmp_path, 10)
    await embed_missing(store, HashEmbedder())
    assert await drop_unused(store, "hash-16") == 0
    async with store.begin() as tx:
        await tx.records.remove([(RecordKind.PROJECT, "p3")])
    assert await drop_unused(store, "hash-16") > 0
    async with store.read() as tx:
        assert set(await tx.vectors.all("hash-16")) == set(await needed(store))


async def test_empty_store_needs_no_embedding(sqlite_store: Store) -> None:
    assert await embed_missing(sqlite_store, HashEmbedder(fail_at=1)) == 0
    assert await drop_unused(sqlite_store, "hash-16") == 0
