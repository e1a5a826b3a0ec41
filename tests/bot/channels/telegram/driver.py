"""The bot in a separate process that the tests kill."""

from __future__ import annotations

import asyncio
import signal
from multiprocessing.connection import Connection
from pathlib import Path

from pydantic import SecretStr

from bot.app import Bot
from bot.channels.port import ChannelEndedError
from bot.channels.telegram import Menu, TelegramChannel
from bot.features.help import listed, words
from bot.resources import KnowledgeBase
from bot.texts import Texts
from bot.web.serving import pages
from config import logging
from config.settings import Settings
from knowledge_base import failpoints
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from tests.fake_embedder import HashEmbedder


async def main(database: Path, base_url: str, token: str, port: int | None, ready: Connection) -> None:
    """Serve until SIGTERM; ``port``: by webhook. ``ready`` gets a word when the channel listens or backs off."""
    web = {"enabled": bool(port), "port": port or 0, "public_url": f"http://127.0.0.1:{port}" if port else ""}
    telegram = {"token": SecretStr(token), "api_base_url": base_url, "webhook": bool(port)}
    limits = {"questions_per_hour": 0}
    settings = Settings(state_dir=database.parent, web=web, telegram=telegram, limits=limits)  # type: ignore[arg-type]
    store = await Store.open(f"sqlite:///{database}")
    search = SearchService(store, HashEmbedder())
    await search.start()
    channel = TelegramChannel(settings, Menu(listed(Texts()), words()))
    bot = Bot(settings, KnowledgeBase(store, search), Texts(), [channel])
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)

    def listening(_name: str, problem: str | ChannelEndedError | None) -> None:
        if not ready.closed:
            ready.send(str(problem or "listens"))
            ready.close()

    async with pages(settings.web, settings.state_dir, bot.health, bot.metrics, channel.routes):
        await bot.run(stop, listening)
    await store.close()


def entry(database: Path, base_url: str, token: str, port: int | None, ready: Connection, fail_at: str) -> None:
    """What the process does."""
    logging.set_up("WARNING", "json")
    failpoints.arm(fail_at)
    asyncio.run(main(database, base_url, token, port, ready))
