"""Taking in: what channels deliver is kept before they let go of it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from bot.messages import Inbound
from knowledge_base.store.database import Store
from knowledge_base.store.inbox import Received

MAX_WAITING = 1_000  # messages taken in and not handled; beyond, the networks have to wait


class Intake:
    """The ``Receive`` of every channel."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting = 0
        self._less = asyncio.Condition()
        self.arrived = asyncio.Event()

    async def __call__(self, channel: str, happenings: Sequence[Inbound], *, cursor: str | None = None) -> None:
        """See ``bot.ports.Receive``."""
        async with self._less:
            await self._less.wait_for(lambda: self._waiting < MAX_WAITING)
        if not happenings and cursor is None:
            return
        rows = [
            Received(item.address.channel, item.id, item.address.conversation, item.user, item.to_json())
            for item in happenings
        ]
        async with self._store.begin() as tx:
            added = await tx.inbox.add(rows)
            if cursor is not None:
                await tx.inbox.set_cursor(channel, cursor)
        self._waiting += added
        self.arrived.set()

    async def handled(self, count: int = 1) -> None:
        """Make room: so many messages are done."""
        async with self._less:
            self._waiting = max(0, self._waiting - count)
            self._less.notify_all()
