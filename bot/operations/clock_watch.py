"""Watching the machine's clock: irreversible work waits while the clock shows a time that cannot be right.

There are two signs of a wrong clock. It moves differently from the monotonic clock, or it is far from the last trusted
time, which the database keeps. Then the bot deletes nothing, lets nothing expire and makes no digest. This ends when
the clock is right again, has kept its time for long enough, or an admin confirms it (``stadtlotse clock confirm``). The
bot still answers.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from bot.operations.alerts import Alerts
from bot.operations.part_alerts import utc
from knowledge_base.clock import Doubt, SteadyClock, differs, is_plausible
from knowledge_base.store.database import Store
from knowledge_base.store.healing import heal
from knowledge_base.store.known_time import confirmed_time, last_time, note_time

CONFIRMS = timedelta(minutes=10)  # a confirmation holds while the clock is this close to that time
NOTED_EVERY_S = 60.0
JUMPED, UNSURE, HOLDS, DIFFERS = "clock_jumped", "clock_unsure", "clock_holds", "clock_differs"

log = structlog.get_logger()


class ClockWatch:
    """The watch of one process. It always trusts a clock that a caller gave the store instead of the machine's."""

    def __init__(self, store: Store, alerts: Alerts) -> None:
        self._store = store
        self._alerts = alerts
        self._clock = store.now if isinstance(store.now, SteadyClock) else None
        self._me = uuid4().hex
        self._turn = asyncio.Lock()
        self._doubt: Doubt | None = None
        self._started: tuple[datetime, float] | None = None  # the last trusted time, read at this tick
        self._looked = False
        self._healed = False
        self._noted = -NOTED_EVERY_S

    async def is_sure(self) -> bool:
        """Return whether the clock is trusted now, so that irreversible work may run."""
        if self._clock is None:
            return True
        if not self._looked or (self._doubt is None and self._clock.jump):
            await self()
        return self._doubt is None

    async def __call__(self) -> None:
        """Check the clock; alert when it begins or ceases to be doubtful."""
        if self._clock is None:
            return
        async with self._turn:
            async with self._store.read() as tx:
                last, confirmed = await last_time(tx.facts), await confirmed_time(tx.facts)
            if not self._looked:
                self._begin(self._clock, last)
                self._looked = True
            await self._judge(self._clock, confirmed)
            if self._doubt is None:
                await self._believe(self._clock)

    def _begin(self, clock: SteadyClock, last: datetime | None) -> None:
        """Compare the clock with the last trusted time."""
        if last is not None and clock() < last and differs(clock(), last):
            clock.set(last)  # go on from the later time, so that nothing is stored in the past
        elif not is_plausible(clock(), last) and last is not None:
            self._started = last, clock.monotonic()

    async def _judge(self, clock: SteadyClock, confirmed: datetime | None) -> None:
        wall, ticks = clock.wall(), clock.monotonic()
        expected = self._expected(clock, ticks)
        right = not differs(wall, expected) if self._started is None else self._fits(wall, ticks)
        if right:
            self._started = None
            clock.set(wall)
            return await self._end()
        by = wall - expected
        before, self._doubt = self._doubt, self._doubt.now(by, ticks) if self._doubt else Doubt(by, ticks)
        confirms = confirmed is not None and abs(wall - confirmed) <= CONFIRMS
        if confirms or self._doubt.is_over(ticks):
            log.warning("clock.trusted", by=str(by), confirmed=confirms)
            self._started, self._healed = None, False
            clock.set(wall)
            return await self._end()
        if before is not self._doubt:
            code = UNSURE if self._started else JUMPED
            await self._alerts.alert(code, clock=utc(wall), expected=utc(expected))
        return None

    def _expected(self, clock: SteadyClock, ticks: float) -> datetime:
        if self._started is None:
            return clock()
        last, since = self._started
        return last + timedelta(seconds=ticks - since)

    def _fits(self, wall: datetime, ticks: float) -> bool:
        """Return whether a clock that was doubtful from the start now shows a time that may be right."""
        last, since = self._started or (wall, ticks)
        return is_plausible(wall, last, timedelta(seconds=ticks - since))

    async def _end(self) -> None:
        if self._doubt is not None:
            self._doubt, self._healed = None, False
            await self._alerts.alert(HOLDS, clock=utc(self._store.now()))

    async def _believe(self, clock: SteadyClock) -> None:
        """Correct values stored by a wrong clock, once, and store the time every minute."""
        if not self._healed:
            if healed := await heal(self._store):
                log.warning("clock.healed", values=healed)
            self._healed = True
        if clock.monotonic() - self._noted < NOTED_EVERY_S:
            return
        async with self._store.begin() as tx:
            now = tx.now
            other = await last_time(tx.facts, but_of=self._me)
            await note_time(tx.facts, now, by=self._me)
        self._noted = clock.monotonic()
        if other and other > now and differs(other, now):
            await self._alerts.alert(DIFFERS, clock=utc(now), expected=utc(other))
