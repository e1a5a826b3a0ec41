"""Timeouts and stops cancel tasks all the time; the database stays unaffected."""

from __future__ import annotations

import asyncio
import random

import pytest

from knowledge_base.store.database import Store
from knowledge_base.store.shielded import finished


async def writes(store: Store) -> None:
    while True:
        async with store.begin() as tx:
            await tx.facts.put("k", 1)


async def reads(store: Store) -> None:
    while True:
        async with store.read() as tx:
            await tx.facts.get("k")
            await tx.inbox.count()
            await tx.records.count()


async def test_cancelled_task_leaves_no_database_lock(store: Store) -> None:
    chance = random.Random(1)
    for _ in range(40):
        tasks = [asyncio.create_task(work(store)) for work in (writes, reads, reads, writes, reads)]
        await asyncio.sleep(chance.uniform(0, 0.03))
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        assert all(task.cancelled() for task in tasks)
        async with asyncio.timeout(20), store.begin() as tx:  # far less than the busy handler waits
            await tx.facts.put("k", 2)


async def test_cancelled_call_finishes_its_work_before_it_is_cancelled() -> None:
    go, done = asyncio.Event(), []

    async def work() -> str:
        await go.wait()
        done.append("work")
        return "result"

    async def caller() -> None:
        done.append(await finished(work()))
        await asyncio.sleep(0)
        done.append("never")

    task = asyncio.create_task(caller())
    await asyncio.sleep(0)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    assert not task.done()
    go.set()
    await asyncio.wait([task])
    assert task.cancelled()
    assert done == ["work", "result"]


async def test_timeout_of_shielded_work_raises_a_timeout_error() -> None:
    async def slow() -> None:
        for _ in range(20):
            await asyncio.sleep(0.002)

    async def in_time() -> None:
        async with asyncio.timeout(0.001):
            await finished(slow())
            await asyncio.sleep(0)

    with pytest.raises(TimeoutError):
        await in_time()
    await asyncio.sleep(0)  # nothing of it is left over


async def test_shielded_work_passes_on_its_errors() -> None:
    async def fails() -> None:
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        await finished(fails())
