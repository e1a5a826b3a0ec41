"""The whole bot with the real Telegram channel, in this process, on the loopback Bot API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.app import Bot
from bot.channels.port import Channel, ChannelEndedError
from bot.channels.telegram import Menu, TelegramChannel
from bot.channels.telegram.limits import Pace
from bot.features.help import listed, words
from bot.resources import KnowledgeBase
from bot.texts import Texts
from bot.web.pages import page_routes
from bot.web.serving import pages
from config.settings import Settings
from knowledge_base.embedding.port import Embedder
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from tests.fake_embedder import HashEmbedder
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.telegram_api import LoopbackApi, Message, User, World

ADMIN = 7
GROUP = -1001111
SMALL_GROUP = -55
TEXTS = Texts()
REAL = Pace()
BRISK = Pace(overall=0.0, private=0.0, group=10_000, first_pause=0.02, album=0.5)  # nobody waits here for a real one


@dataclass
class Rig:
    """A running bot and the Telegram around it."""

    api: LoopbackApi
    store: Store
    bot: Bot
    problems: list[str | None] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.api.world

    async def ask(self, user: User, text: str, **place: Any) -> Message:
        """Write, and wait for the answer."""
        return await self.world.answer(self.world.say(user, text, **place))

    async def press(self, user: User, message: Message, button: int | str) -> str:
        """Press, and wait for what is shown at once."""
        return await self.toast(self.world.press(user, message, button))

    async def toast(self, query: str) -> str:
        answers = await self.world.until(lambda: self.world.queries[query])
        return str(answers[0].get("text", ""))

    async def settled(self) -> None:
        """Wait until all updates are handled and all messages that can be sent are sent."""
        async with asyncio.timeout(PATIENCE_S):
            await self.world.until(lambda: not self.world.updates)
            await self.bot.idle()


def make_settings(api: LoopbackApi, state_dir: Path, *, webhook: bool = False, **more: Any) -> Settings:
    telegram = {
        "token": SecretStr(api.token), "api_base_url": api.base_url, "webhook": webhook, "allowed_groups": (GROUP,),
    }  # fmt: skip
    port = free_port() if webhook else 0
    web = {"port": port, "public_url": f"http://127.0.0.1:{port}" if webhook else "", "enabled": webhook}
    web |= more.pop("web", {})
    values = {"admins": (f"telegram:{ADMIN}",), "limits": {"questions_per_hour": 0}} | more
    return Settings(state_dir=state_dir, telegram=telegram | values.pop("telegram", {}), web=web, **values)


@asynccontextmanager
async def running(
    api: LoopbackApi,
    store: Store,
    settings: Settings,
    pace: Pace = BRISK,
    *,
    beside: Sequence[Channel] = (),
    embedder: Embedder | None = None,
) -> AsyncIterator[Rig]:
    """The bot, with other channels ``beside``, until the end of the block; then it stops in order."""
    search = SearchService(store, embedder or HashEmbedder())
    await search.start()
    channel = TelegramChannel(settings, Menu(listed(TEXTS), words()), pace)
    bot = Bot(settings, KnowledgeBase(store, search), TEXTS, [channel, *beside])
    rig = Rig(api, store, bot)
    stop, listens = asyncio.Event(), asyncio.Event()

    def listening(name: str, problem: str | ChannelEndedError | None) -> None:
        if name == channel.name:
            rig.problems.append(problem and str(problem))
            listens.set()

    routes = [*channel.routes, *page_routes(bot.services, changed=bot.wake_senders)]
    async with pages(settings.web, settings.state_dir, bot.health, bot.metrics, routes):
        task = asyncio.create_task(bot.run(stop, listening))
        try:
            await listens.wait()
            yield rig
        finally:
            stop.set()
            await task
