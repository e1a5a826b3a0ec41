"""What the intake kept, to be handled: in order per conversation, conversations in parallel, not too many at once."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Collection

from bot.inbox import Intake
from knowledge_base.store.database import Store
from knowledge_base.store.inbox import InboxRow

PARALLEL = 8  # conversations answered at once
HELD = 100  # rows held in memory at once; the others wait in the database

Handle = Callable[[InboxRow], Awaitable[None]]


class Dispatch:
    """Hands every message to ``handle``, which must not fail."""

    def __init__(self, store: Store, intake: Intake, handle: Handle, channels: Collection[str]) -> None:
        self._store = store
        self._channels = channels
        self._intake = intake
        self._handle = handle
        self._queues: dict[tuple[str, str], deque[InboxRow]] = {}
        self._places = asyncio.Semaphore(PARALLEL)
        self._held = 0
        self._nothing_left = asyncio.Event()

    async def run(self) -> None:
        """Handle messages until cancelled, beginning with those that an earlier process left."""
        after = 0
        async with asyncio.TaskGroup() as conversations:
            while True:
                self._intake.arrived.clear()
                rows = await self._next(after)
                for row in rows:
                    after = row.seq
                    self._enqueue(conversations, row)
                if not rows:
                    if not self._held:
                        self._nothing_left.set()
                    await self._intake.arrived.wait()

    async def idle(self) -> None:
        """Wait until everything that was taken in is handled."""
        self._nothing_left.clear()
        self._intake.arrived.set()
        await self._nothing_left.wait()

    async def _next(self, after: int) -> list[InboxRow]:
        if self._held >= HELD:
            return []
        async with self._store.read() as tx:
            return await tx.inbox.waiting(self._channels, after=after, limit=HELD - self._held)

    def _enqueue(self, conversations: asyncio.TaskGroup, row: InboxRow) -> None:
        self._held += 1
        key = (row.channel, row.conversation)
        if key in self._queues:
            self._queues[key].append(row)
        else:
            self._queues[key] = deque([row])
            conversations.create_task(self._work_off(key))

    async def _work_off(self, key: tuple[str, str]) -> None:
        queue = self._queues[key]
        while queue:
            async with self._places:
                await self._handle(queue[0])
            queue.popleft()
            self._held -= 1
            await self._intake.handled()
            self._intake.arrived.set()
        del self._queues[key]
