"""People of the stories; what is due happens when a story says so, since the bot's own tick might be faster."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.operations import ticker
from knowledge_base.embedding.port import Embedder
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from tests.conftest import FixedClock
from tests.fakes import Person
from tests.introducing import Networks

NEVER_S = 86_400.0


@pytest.fixture(autouse=True)
def _only_the_first_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticker, "TICK_S", NEVER_S)


@pytest.fixture(scope="session")
def database_for_e5(known_database: Path, e5: Embedder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that holds the bundle, with the vectors of the real model; made once, to be copied."""
    path = tmp_path_factory.mktemp("known") / "e5.db"
    shutil.copy(known_database, path)

    async def embed() -> None:
        store = await Store.open(f"sqlite:///{path}", clock=FixedClock())
        search = SearchService(store, e5)
        await search.start()
        await search.refresh()
        await store.close()

    asyncio.run(embed())
    return path


@pytest.fixture
async def known_to_e5(database_for_e5: Path, tmp_path: Path, clock: FixedClock) -> AsyncIterator[Store]:
    """A store of the test's own that knows the bundle, embedded by the real model."""
    shutil.copy(database_for_e5, tmp_path / "known.db")
    store = await Store.open(f"sqlite:///{tmp_path / 'known.db'}", clock=clock)
    yield store
    await store.close()


@pytest.fixture
def asker(town: Networks) -> Person:
    return town.matrix.person("@anna:potsdam.example")


@pytest.fixture
def colleague(town: Networks) -> Person:
    return town.matrix.person("@ben:kiel.example")


@pytest.fixture
def editor(town: Networks) -> Person:
    return town.matrix.person("@erika:redaktion.example")
