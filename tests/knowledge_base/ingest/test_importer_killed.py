"""An import that is killed at any point publishes all or nothing, and the next import succeeds."""

from __future__ import annotations

import asyncio
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge_base.ingest.importer import BATCH, import_files
from knowledge_base.search.embedding_backlog import embed_missing
from knowledge_base.store.database import Store
from tests.knowledge_base.ingest.embedders import HashEmbedder
from tests.knowledge_base.ingest.examples import jsonl, project

RECORDS = 2 * BATCH + 10
OLD = [project(n, title="alt") for n in range(RECORDS)]
NEW = [project(n, title="neu") for n in range(5, RECORDS + 5)]
ROOT = Path(__file__).parents[3]


def start(url: str, path: Path | str, statement: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.knowledge_base.ingest.killed", url, str(path), str(statement)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


async def titles(url: str) -> dict[str, str]:
    store = await Store.open(url)
    async with store.read() as tx:
        seen = {stored.id: str(stored.body["title"]) async for stored in tx.records.stream()}
    await store.close()
    return seen


async def load(url: str, path: Path) -> None:
    store = await Store.open(url)
    (report,) = await import_files(store, [path])
    assert report.ok
    async with store.begin() as tx:
        assert not await tx.imports.sweep(1), "staged rows were left behind"
    await store.close()


BEFORE = {record["id"]: "alt" for record in OLD}
AFTER = BEFORE | {record["id"]: "neu" for record in NEW}


async def check_kill(url: str, tmp_path: Path, statement: int) -> bool:
    """Kill an import at a statement; return whether the import reached that statement."""
    await load(url, jsonl(tmp_path / "a.jsonl", OLD))
    process = start(url, jsonl(tmp_path / "a.jsonl", NEW), statement)
    output, _ = await asyncio.to_thread(process.communicate)
    died = process.returncode == -signal.SIGKILL
    assert died or output.endswith("DONE\n")
    assert await titles(url) in (BEFORE, AFTER)
    await load(url, tmp_path / "a.jsonl")
    assert await titles(url) == AFTER
    return died


# begin of the run, staging, comparison with what is missing, publication, sweep; the campaign kills at every statement
@pytest.mark.slow
@pytest.mark.parametrize("statement", [4, 19, 36, 41, 44, 48])
async def test_import_killed_before_a_chosen_statement_publishes_all_or_nothing(
    sqlite_url: str, tmp_path: Path, statement: int
) -> None:
    assert await check_kill(sqlite_url, tmp_path, statement)


@pytest.mark.campaign
@pytest.mark.parametrize("database", ["sqlite_url", "postgres_url"])
@pytest.mark.parametrize("statement", range(1, 60))
async def test_import_killed_before_any_statement_publishes_all_or_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, statement: int
) -> None:
    await check_kill(request.getfixturevalue(database), tmp_path, statement)


@pytest.mark.slow
async def test_import_killed_at_a_random_moment_publishes_all_or_nothing(sqlite_url: str, tmp_path: Path) -> None:
    await load(sqlite_url, jsonl(tmp_path / "a.jsonl", OLD))
    chance = random.Random(20261122)
    jsonl(tmp_path / "a.jsonl", NEW)
    for _ in range(5):
        process = start(sqlite_url, tmp_path / "a.jsonl", 0)
        assert process.stdout is not None
        await asyncio.to_thread(process.stdout.readline)
        await asyncio.sleep(chance.uniform(0, 0.25))  # the moment is the test
        process.kill()
        await asyncio.to_thread(process.communicate)
        assert await titles(sqlite_url) in (BEFORE, AFTER)
    await load(sqlite_url, tmp_path / "a.jsonl")
    assert await titles(sqlite_url) == AFTER


@pytest.mark.slow
@pytest.mark.parametrize("statement", [14, 16, 27])
async def test_killed_embedding_continues_where_it_stopped(sqlite_url: str, tmp_path: Path, statement: int) -> None:
    await load(sqlite_url, jsonl(tmp_path / "a.jsonl", OLD))
    process = start(sqlite_url, "", statement)
    await asyncio.to_thread(process.communicate)
    assert process.returncode == -signal.SIGKILL
    store = await Store.open(sqlite_url)
    async with store.read() as tx:
        before = await tx.vectors.count("hash-16")
    assert 0 < before < RECORDS  # one text each
    assert await embed_missing(store, HashEmbedder()) == RECORDS - before
    await store.close()
