"""While 100,000 records are imported, memory stays flat, and other processes read and write."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from knowledge_base.model import RecordKind
from knowledge_base.store.database import Store
from tests.knowledge_base.ingest.examples import project

RECORDS = 100_000
ROOT = Path(__file__).parents[3]


def write(path: Path, title: str) -> Path:
    with path.open("w", encoding="utf-8") as out:
        for number in range(RECORDS):
            text = f"Die Gemeinde {number} erprobt Sensoren, Daten und Beteiligung. " * 10
            out.write(json.dumps(project(number, title=f"{title} {number}", text=text)) + "\n")
    return path


async def bystander(url: str, process: subprocess.Popen[str]) -> tuple[float, float]:
    """The longest read and the longest write of a second process, in seconds, as long as ``process`` runs."""
    store = await Store.open(url)
    read = write = 0.0
    while process.poll() is None:
        begin = time.perf_counter()
        async with store.read() as tx:
            await tx.records.get(RecordKind.PROJECT, "p1")
        between = time.perf_counter()
        async with store.begin() as tx:
            await tx.facts.put("bystander", begin)
        read, write = max(read, between - begin), max(write, time.perf_counter() - between)
        await asyncio.sleep(0.02)  # the pace of a busy bot
    await store.close()
    return read, write


@pytest.mark.campaign
@pytest.mark.parametrize("database", ["sqlite_url", "postgres_url"])
async def test_import_of_100000_records_keeps_memory_flat_and_the_store_responsive(
    request: pytest.FixtureRequest, tmp_path: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    url = request.getfixturevalue(database)
    await (await Store.open(url)).close()
    for title, texts in (("neu", RECORDS), ("neu", 0), ("anders", RECORDS)):
        path = await asyncio.to_thread(write, tmp_path / "large.jsonl", title)
        command = [sys.executable, "-m", "tests.knowledge_base.ingest.scale", url, str(path)]
        process = await asyncio.to_thread(subprocess.Popen, command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        read, written = await bystander(url, process)
        output, _ = await asyncio.to_thread(process.communicate)
        figures = json.loads(output) | {"longest_read": round(read, 2), "longest_write": round(written, 2)}
        with capsys.disabled():
            print(f"\n{database} {title}: {figures}")
        assert figures["embedded"] == texts
        assert figures["grown_mb"] < 150
        assert read < 5
        assert written < 20
