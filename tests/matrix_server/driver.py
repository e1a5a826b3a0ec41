"""The whole bot on Matrix, in a process that is forked warm: for tests that kill it again and again."""

from __future__ import annotations

import asyncio
import os
import signal
from multiprocessing.connection import Connection

from bot.app import Bot
from bot.channels.matrix import MatrixChannel
from bot.operations import ticker
from bot.resources import KnowledgeBase
from bot.texts import Texts
from config import logging
from config.settings import Settings, load
from knowledge_base import failpoints
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from tests.fake_embedder import HashEmbedder
from tests.warm_process import TICK_S


async def main(settings: Settings, ready: Connection) -> None:
    """As ``serve``, but with vectors that need no model."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    store = await Store.open(settings.database_url)
    search = SearchService(store, HashEmbedder())
    await search.start()
    channel = MatrixChannel(settings.matrix, settings.state_dir, admins=settings.admins)
    await Bot(settings, KnowledgeBase(store, search), Texts(), [channel]).run(stop, lambda *_: ready.send("READY"))
    await store.close()


def entry(environment: dict[str, str], log: str, fail_at: str, ready: Connection) -> None:
    """What the process does."""
    file = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.environ.update(environment)
    logging.set_up("INFO", "json")
    failpoints.arm(fail_at)
    ticker.TICK_S = TICK_S
    asyncio.run(main(load(None), ready))
