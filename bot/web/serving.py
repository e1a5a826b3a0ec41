"""The pages beside the bot: opened with it, closed after it; the command ``health`` finds their stored address."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from bot.operations.health import LOOP, Health, watch_loop
from bot.operations.metrics import Metrics
from bot.operations.systemd import STOPPING, WATCHDOG, notify
from bot.web.app import make_app
from bot.web.client import forget_address, note_address
from bot.web.server import serve
from config.web import WebSettings


@asynccontextmanager
async def pages(
    web: WebSettings, state_dir: Path, health: Health, metrics: Metrics, more: Sequence[BaseRoute] = ()
) -> AsyncIterator[None]:
    """Serve the pages, and ``more`` routes of the channels, and report the event loop alive while the block runs.

    Raise ``StadtlotseError`` before the block begins if the server cannot listen on the address.
    """
    health.expect(LOOP)
    tasks = [asyncio.create_task(watch_loop(health, lambda: notify(WATCHDOG)), name="watchdog")]
    try:
        if web.enabled:
            tasks.append(await _listening(web, state_dir, make_app(health, metrics, more)))
        yield
    finally:
        notify(STOPPING)
        forget_address(state_dir)
        for task in reversed(tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def _listening(web: WebSettings, state_dir: Path, app: ASGIApp) -> asyncio.Task[None]:
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(app, web.bind, web.port, address.set_result), name="pages")

    def ended(task: asyncio.Task[None]) -> None:
        if not address.done() and not task.cancelled():
            address.set_exception(task.exception() or EOFError())

    task.add_done_callback(ended)
    note_address(state_dir, await address)
    return task
