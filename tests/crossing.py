"""Two transactions at the same moment."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from knowledge_base.store.database import Store
from knowledge_base.store.transaction import Transaction

T = TypeVar("T")
Work = Callable[[Transaction], Awaitable[T]]


async def crossed(store: Store, first: Work[T], second: Work[T]) -> list[T]:
    """Both at once: the first keeps its transaction open until the second waits for it, or is done."""
    held, go_on = asyncio.Event(), asyncio.Event()

    async def one() -> T:
        async with store.begin() as tx:
            result = await first(tx)
            held.set()
            await go_on.wait()
            return result

    async def other() -> T:
        await held.wait()
        async with store.begin() as tx:
            return await second(tx)

    tasks = [asyncio.create_task(one()), asyncio.create_task(other())]
    await held.wait()
    await asyncio.wait([tasks[1]], timeout=0.3)
    go_on.set()
    return list(await asyncio.gather(*tasks))
