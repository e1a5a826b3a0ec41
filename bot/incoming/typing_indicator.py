"""The "is writing" that a network shows while an answer is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from bot.channels.port import Channel
from bot.messages import Address

AFTER_S = 0.3  # an answer that is there by then needs none


@asynccontextmanager
async def shown_as_working(channel: Channel | None, address: Address) -> AsyncIterator[None]:
    """Show that an answer is being made when it takes long; the network is never waited for, and may fail."""

    async def show() -> None:
        await asyncio.sleep(AFTER_S)
        if channel:
            await channel.working(address)

    task = asyncio.create_task(show())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await task
