"""The whole bot in a process of its own, to be killed."""

from __future__ import annotations

import asyncio
import signal
from datetime import timedelta
from pathlib import Path

from bot.app import Bot
from bot.operations import ticker
from bot.resources import KnowledgeBase
from bot.texts import Texts
from config import logging
from config.settings import Settings
from knowledge_base import failpoints
from knowledge_base.clock import Clock, SteadyClock, utc_now
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from tests.crash.network import FileChannel
from tests.fake_embedder import HashEmbedder


def machine(shown: Path) -> SteadyClock:
    """A clock that is ahead by the seconds in a file; it reads the file at each call."""
    return SteadyClock(lambda: utc_now() + timedelta(seconds=float(shown.read_text())))


async def main(database: str, folder: Path, exactly_once: bool, clock: Clock) -> None:
    store = await Store.open(database, clock=clock)
    search = SearchService(store, HashEmbedder())
    await search.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    settings = Settings(state_dir=folder, limits={"questions_per_hour": 0})  # type: ignore[arg-type]
    channel = FileChannel(folder, store, exactly_once=exactly_once)
    await Bot(settings, KnowledgeBase(store, search), Texts(), [channel]).run(stop, lambda _name, _problem: None)
    await store.close()


def entry(
    database: str, folder: str, exactly_once: bool, fail_at: str, ahead: timedelta = timedelta(), shown: str = ""
) -> None:
    """What the process does. ``ahead``: how far its clock is before that of the machine; ``shown``: see ``machine``."""
    logging.set_up("WARNING", "json")
    failpoints.arm(fail_at)
    ticker.TICK_S = 0.1
    clock = machine(Path(shown)) if shown else lambda: utc_now() + ahead
    asyncio.run(main(database, Path(folder), exactly_once, clock))
