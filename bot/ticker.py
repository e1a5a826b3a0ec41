"""Every few seconds: does the search know everything, are the figures fresh; every hour: is anything past its period.

Nothing here is the truth about time; the database is. A tick that is missed or comes twice changes nothing.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog

from bot.health import DISPATCHER, Health
from bot.metrics import Metrics
from config.settings import Retention
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store

log = structlog.get_logger()

TICK_S = 10.0
PURGE_EVERY = timedelta(hours=1)


class Ticker:
    """The regular work."""

    def __init__(
        self, store: Store, search: SearchService, retention: Retention, metrics: Metrics, health: Health
    ) -> None:
        self._store = store
        self._search = search
        self._retention = retention
        self._metrics = metrics
        self._health = health
        self._next_purge = store.now()

    async def run(self) -> None:
        """Tick until cancelled; a tick that fails is logged, and the next one comes."""
        while True:
            try:
                await self.tick()
            except Exception:
                log.exception("tick.failed")
            await asyncio.sleep(TICK_S)

    async def tick(self) -> None:
        """Do what is due now."""
        await self._search.refresh()
        await self._metrics.refresh(self._store)
        self._metrics.health(self._health.status())
        self._health.beat(DISPATCHER)
