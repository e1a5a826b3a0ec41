"""The search of a running bot follows the store, never pauses and survives a change of the model."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from knowledge_base.embedding.port import Vectors
from knowledge_base.model import RecordKind
from knowledge_base.search import service as service_module
from knowledge_base.search.service import MODEL, SearchService
from knowledge_base.store.database import Store
from tests.fake_embedder import HashEmbedder

HEAT = {
    "id": "heat",
    "title": "Kühle Orte",
    "text": "Ein Netz kühler Orte hilft an Hitzetagen, dazu ein Verzeichnis der Stadtbäume.",
    "municipality": "Potsdam",
}
BUS = {
    "id": "bus",
    "title": "Rufbus",
    "text": "Der Rufbus ergänzt den Nahverkehr auf dem Land und fährt nach Bedarf.",
    "municipality": "Cottbus",
}


class SlowEmbedder(HashEmbedder):
    """A different model that embeds the passages of projects only when the test allows it."""

    def __init__(self) -> None:
        super().__init__(fingerprint="another/1")
        self.go = asyncio.Event()

    async def embed_passages(self, texts: Sequence[str]) -> Vectors:
        if any(body["title"] in text for body in (HEAT, BUS) for text in texts):
            await self.go.wait()
        return await super().embed_passages(texts)


async def put(store: Store, *bodies: dict[str, str]) -> None:
    async with store.begin() as tx:
        for body in bodies:
            await tx.records.edit(RecordKind.PROJECT, body["id"], dict(body))


async def best(service: SearchService, question: str) -> str:
    answer = (await service.ask([question])).answer
    return next((hit.project.id for hit in (*answer.hits, *answer.near)), "nothing")


async def test_search_follows_changes_in_the_store(sqlite_store: Store) -> None:
    await put(sqlite_store, HEAT)
    service = SearchService(sqlite_store, HashEmbedder())
    await service.start()
    assert await best(service, "Rufbus auf dem Land") != "bus"
    await put(sqlite_store, BUS)
    assert await service.refresh()
    assert await best(service, "Rufbus auf dem Land") == "bus"
    assert not await service.refresh()
    async with sqlite_store.begin() as tx:
        await tx.records.remove([(RecordKind.PROJECT, "bus")])
    await service.refresh()
    assert await best(service, "Rufbus auf dem Land") != "bus"


async def test_search_answers_without_hits_over_an_empty_store(sqlite_store: Store) -> None:
    service = SearchService(sqlite_store, HashEmbedder())
    await service.start()
    answer = (await service.ask(["Rufbus"])).answer
    assert not answer.answered
    assert answer.hits == answer.near == ()


async def test_question_before_the_start_of_the_search_raises_an_error(sqlite_store: Store) -> None:
    with pytest.raises(RuntimeError, match="start"):
        await SearchService(sqlite_store, HashEmbedder()).ask(["Rufbus"])


async def test_former_model_answers_until_the_new_model_is_complete(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "AT_ONCE", 0)  # as if there were very many texts
    await put(sqlite_store, HEAT, BUS)
    former = HashEmbedder()
    first = SearchService(sqlite_store, former, model=("embedded", ""))
    await first.refresh()

    slow = SlowEmbedder()
    service = SearchService(sqlite_store, slow, model=("sentence-transformers", "x"), former=former)
    await service.start()
    refreshing = asyncio.create_task(service.refresh())
    assert await best(service, "Rufbus auf dem Land") == "bus"
    assert not refreshing.done()
    slow.go.set()
    await refreshing
    assert await best(service, "Rufbus auf dem Land") == "bus"
    async with sqlite_store.read() as tx:
        assert (await tx.facts.get(MODEL))["model"] == "x"
        assert await tx.vectors.count(former.fingerprint) == 0
        assert await tx.vectors.count(slow.fingerprint) > 0


async def test_search_by_words_answers_until_the_vectors_are_complete(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_module, "AT_ONCE", 0)
    await put(sqlite_store, HEAT, BUS)
    service = SearchService(sqlite_store, SlowEmbedder())
    await service.start()
    assert await best(service, "Rufbus auf dem Land") == "bus"


async def test_follow_up_is_distinguished_from_a_new_question(sqlite_store: Store) -> None:
    await put(sqlite_store, HEAT, BUS)
    service = SearchService(sqlite_store, HashEmbedder())
    await service.start()
    assert not (await service.ask(["Hitze"])).follows_up
    assert (await service.ask(["Wer hat was gegen Hitze gemacht?", "und Verkehr?"])).follows_up
    assert not (await service.ask(["Hitze", "Welche Kommunen haben einen Rufbus auf dem Land?"])).follows_up


async def test_vectors_of_removed_texts_are_deleted(sqlite_store: Store) -> None:
    await put(sqlite_store, HEAT, BUS)
    embedder = HashEmbedder()
    service = SearchService(sqlite_store, embedder)
    await service.start()
    async with sqlite_store.begin() as tx:
        before = await tx.vectors.count(embedder.fingerprint)
        await tx.records.remove([(RecordKind.PROJECT, "bus")])
    await service.refresh()
    async with sqlite_store.read() as tx:
        assert await tx.vectors.count(embedder.fingerprint) < before


async def test_very_long_question_is_cut_to_the_limit(sqlite_store: Store) -> None:
    await put(sqlite_store, HEAT, BUS)
    service = SearchService(sqlite_store, HashEmbedder())
    await service.start()
    assert len((await service.ask(["Rufbus " + "y" * 100_000])).answer.question) <= service_module.LONGEST
