"""A process that serves the pages until the test tells it, on stdin, to freeze: run by ``test_frozen``."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from bot.operations.health import Health
from bot.operations.metrics import Metrics
from bot.web.serving import pages
from config.web import WebSettings


async def main() -> None:
    loop = asyncio.get_running_loop()

    def freeze_when_told() -> None:
        sys.stdin.readline()
        loop.call_soon_threadsafe(threading.Event().wait)  # the loop itself stands still

    async with pages(WebSettings(port=0), Path(sys.argv[1]), Health(), Metrics([])):
        print("open", flush=True)
        threading.Thread(target=freeze_when_told, daemon=True).start()
        await asyncio.Event().wait()


asyncio.run(main())
