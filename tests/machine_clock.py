"""The clock of a machine: time passes evenly, and what the clock shows may be set to anything."""

from __future__ import annotations

from datetime import datetime, timedelta

from knowledge_base.clock import SteadyClock
from tests.conftest import FixedClock


class MachineClock:
    """``true`` is the time; ``off`` is how far the clock is ahead of it."""

    def __init__(self) -> None:
        self.true = FixedClock()()
        self.off = timedelta(0)
        self._ticks = 1_000.0

    def passes(self, **duration: float) -> None:
        """Let time pass."""
        step = timedelta(**duration)
        self.true += step
        self._ticks += step.total_seconds()

    def wall(self) -> datetime:
        """What the clock shows."""
        return self.true + self.off

    def monotonic(self) -> float:
        """Seconds since some moment."""
        return self._ticks

    def process(self) -> SteadyClock:
        """The clock of a process that starts now."""
        return SteadyClock(self.wall, self.monotonic)
