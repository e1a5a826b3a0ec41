"""What all tests share: the two databases, and a clock that stands still."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import structlog
from hypothesis import HealthCheck, settings

from bot.app import Bot
from config.logging import set_up
from knowledge_base.embedding.convert import convert
from knowledge_base.embedding.e5 import E5Encoder
from knowledge_base.embedding.e5_files import FOLDER, silent
from knowledge_base.embedding.off_loop import OffLoopEmbedder
from knowledge_base.embedding.port import Embedder
from knowledge_base.ingest.bundle import load_bundle
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from tests.fake_embedder import HashEmbedder
from tests.fakes import FakeChannel, Person, running_bot
from tests.knowledge_base.search.bundled import old_files
from tests.postgres import running_postgres
from tests.remembering_embedder import RememberingEmbedder

# How long an example takes says how busy the machine is, not whether the code is right.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


class FixedClock:
    """A clock that moves only when told."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **duration: float) -> None:
        self.moment += timedelta(**duration)


HEAVY = {"postgres", "bot", "known_database", "e5_folder"}  # fixtures: a server, the whole bot, the bundle, the model
MARKED = {"slow", "servers", "matrix", "full", "campaign"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as ``fast`` what is pure or runs on SQLite."""
    for item in items:
        given = item.callspec.params.values() if hasattr(item, "callspec") else ()
        postgres = any(isinstance(one, str) and one.startswith("postgres") for one in given)
        heavy = postgres or HEAVY & set(getattr(item, "fixturenames", ()))
        if not heavy and not MARKED & {mark.name for mark in item.iter_markers()}:
            item.add_marker("fast")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test depends on what is set here; where the data of some tests lie is no setting."""
    for name in [name for name in os.environ if name.upper().startswith("STADTLOTSE_")]:
        if name != "STADTLOTSE_TEST_DATA":
            monkeypatch.delenv(name)


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """Everything that is logged, at DEBUG."""
    root, structured = logging.getLogger(), structlog.get_config()
    before, level = root.handlers, root.level
    lines = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", lines)
        set_up("DEBUG", "json")
    yield lines
    root.handlers = before
    root.setLevel(level)
    structlog.configure(**structured)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture(scope="session")
def e5_folder() -> Path:
    """The files of the embedded model, made once and kept for later runs."""
    folder = Path(__file__).parent.parent / ".cache" / "models" / FOLDER
    convert(folder, silent)
    return folder


@pytest.fixture(scope="session")
def e5_engine(e5_folder: Path) -> Embedder:
    """The embedded default, loaded once."""
    return OffLoopEmbedder(E5Encoder(e5_folder), concurrent=True)


@pytest.fixture(scope="session")
def e5(e5_engine: Embedder) -> Embedder:
    """The embedded default, which embeds the bundle once for all tests."""
    return RememberingEmbedder(e5_engine)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    with running_postgres() as address:
        yield address


@pytest.fixture(scope="session")
def postgres_with_schema(postgres: str) -> str:
    """The name of a database that holds the schema; copying it is faster than to migrate."""
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as admin:
        admin.execute("CREATE DATABASE with_schema")
    _migrate(f"{postgres}/with_schema")
    return "with_schema"


@pytest.fixture(scope="session")
def sqlite_with_schema(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that holds the schema; as above."""
    path = tmp_path_factory.mktemp("schema") / "stadtlotse.db"
    _migrate(f"sqlite:///{path}")
    return path


def _migrate(url: str) -> None:
    async def work() -> None:
        await (await Store.open(url)).close()

    asyncio.run(work())


@contextmanager
def _postgres_database(postgres: str, template: str) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield f"{postgres}/{name}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as admin:
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def postgres_url(postgres: str) -> Iterator[str]:
    """An empty PostgreSQL database of the test's own."""
    with _postgres_database(postgres, "template1") as url:
        yield url


@pytest.fixture
def postgres_url_with_schema(postgres: str, postgres_with_schema: str) -> Iterator[str]:
    """One that is up to date already, and holds nothing else."""
    with _postgres_database(postgres, postgres_with_schema) as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """An empty SQLite file of the test's own; for tests with a store it has the schema."""
    if {"store", "sqlite_store"} & set(request.fixturenames):
        shutil.copy(request.getfixturevalue("sqlite_with_schema"), tmp_path / "stadtlotse.db")
    return f"sqlite:///{tmp_path / 'stadtlotse.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The same test on both databases; empty, for tests with a ``store`` up to date already."""
    postgres = "postgres_url_with_schema" if "store" in request.fixturenames else "postgres_url"
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else postgres)
    return url


@pytest.fixture
async def store(database_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    """An empty store, on both databases."""
    opened = await Store.open(database_url, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_store(sqlite_url: str, clock: FixedClock) -> AsyncIterator[Store]:
    """An empty store on SQLite, where the database makes no difference to the test."""
    opened = await Store.open(sqlite_url, clock=clock)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def known_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that holds the old bundle, with vectors that need no model; made once, to be copied.

    Vectors without a model tell too little apart in the larger bundle. Stories load that, with the real model.
    """
    path = tmp_path_factory.mktemp("known") / "stadtlotse.db"

    async def make() -> None:
        store = await Store.open(f"sqlite:///{path}", clock=FixedClock())
        await load_bundle(store, files=old_files(), digest="old bundle")
        await SearchService(store, HashEmbedder()).start()
        await store.close()

    asyncio.run(make())
    return path


@pytest.fixture
async def known(known_database: Path, tmp_path: Path, clock: FixedClock) -> AsyncIterator[Store]:
    """A store of the test's own that knows the old bundle, embedded by ``HashEmbedder()``."""
    shutil.copy(known_database, tmp_path / "known.db")
    store = await Store.open(f"sqlite:///{tmp_path / 'known.db'}", clock=clock)
    yield store
    await store.close()


@pytest.fixture
async def live_store(known_database: Path, tmp_path: Path) -> AsyncIterator[Store]:
    """The bundled knowledge, and the real clock: buttons and limits of networks are about real time."""
    file = tmp_path / "live.db"
    file.write_bytes(known_database.read_bytes())  # noqa: ASYNC240
    store = await Store.open(f"sqlite:///{file}")
    yield store
    await store.close()


@pytest.fixture
def channel() -> FakeChannel:
    return FakeChannel()


@pytest.fixture
async def bot(known: Store, channel: FakeChannel, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Bot]:
    """The whole bot on one fake network; settings by ``@pytest.mark.parametrize("bot", [{…}], indirect=True)``."""
    settings = {"editors": "fake:erika", "admins": "fake:ada"} | getattr(request, "param", {})
    async with running_bot(known, HashEmbedder(), [channel], tmp_path, **settings) as running:
        yield running


@pytest.fixture
def anna(bot: Bot, channel: FakeChannel) -> Person:
    return channel.person("anna")


@pytest.fixture
def erika(bot: Bot, channel: FakeChannel) -> Person:
    """An editor."""
    return channel.person("erika")
