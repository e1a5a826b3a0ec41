"""Periodic jobs: refresh the search index and metrics every 10 s, purge expired rows every 5 min.

The database, not the ticker, decides what is due. A missed or repeated tick changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

import structlog

from bot.operations.alerts import Alerts
from bot.operations.health import Health
from bot.operations.metrics import Metrics
from knowledge_base.clock import is_past
from knowledge_base.progress import Progress
from knowledge_base.retention import Periods, purge
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store

log = structlog.get_logger()

TICK_S = 10.0
STEPS = 20  # log lines while a large collection is embedded
PURGE_EVERY = timedelta(minutes=5)  # "30 minutes" of a question means 30 minutes

Chore = Callable[[], Awaitable[object]]


async def _always() -> bool:
    return True


class Ticker:
    """The periodic jobs of one process."""

    def __init__(
        self,
        store: Store,
        search: SearchService,
        periods: Periods,
        metrics: Metrics,
        health: Health,
        alerts: Alerts,
        *,
        chores: Sequence[Chore] = (),
        may_delete: Callable[[], Awaitable[bool]] = _always,
    ) -> None:
        """Take ``chores`` to run at every tick, each in its own task: a slow or failing chore delays nothing else.

        ``may_delete`` tells whether the clock is trusted, so that expired rows may be deleted.
        """
        self._store = store
        self._search = search
        self._periods = periods
        self._metrics = metrics
        self._health = health
        self._alerts = alerts
        self._chores = chores
        self._may_delete = may_delete
        self._next_purge = store.now()
        self._told_of_restore = False
        self._seen: tuple[int, int] | None = None  # quarantined and unclear messages at the tick before

    async def run(self) -> None:
        """Tick until cancelled. The search index has its own task: re-embedding may take hours."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_every(TICK_S, self.follow))
            tasks.create_task(_every(TICK_S, self.tick))
            for chore in self._chores:
                tasks.create_task(_every(TICK_S, chore))

    async def follow(self) -> None:
        """Refresh the search index; log the progress of a long refresh."""
        await self._search.refresh(logged())

    async def tick(self) -> None:
        """Run the jobs that are due now."""
        if not self._told_of_restore:
            await self._alerts.restored()
            self._told_of_restore = True
        await self._metrics.refresh(self._store)
        self._metrics.health(self._health.status())
        await self._tell_admins()
        if is_past(self._next_purge, self._store.now(), PURGE_EVERY) and await self._may_delete():
            deleted = await purge(self._store, self._periods)
            if any(deleted.values()):
                log.info("retention.purged", **{name.replace(" ", "_"): count for name, count in deleted.items()})
            self._next_purge = self._store.now() + PURGE_EVERY

    async def _tell_admins(self) -> None:
        """Alert when the number of quarantined or unclear messages has grown."""
        async with self._store.read() as tx:
            inbox, outbox = await tx.inbox.count(), await tx.outbox.count()
        now = inbox.get("quarantined", 0), outbox.get("unclear", 0)
        before, self._seen = self._seen or now, now
        for code, count, known in zip(("quarantined", "unclear"), now, before, strict=True):
            if count > known:
                await self._alerts.alert(code, number=count - known)


def logged() -> Progress:
    """Return a progress reporter that logs a line for every twentieth of the way."""
    reported = 0

    def report(phase: str, done: int, total: int | None) -> None:
        nonlocal reported
        step = STEPS * done // total if total else 0
        if reported < step < STEPS:
            log.info("search.progress", phase=phase, done=done, total=total)
        reported = max(reported, step)

    return report


async def _every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Repeat the work until cancelled; log a failure and go on."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("tick.failed", work=getattr(work, "__name__", ""))
        await asyncio.sleep(seconds)
