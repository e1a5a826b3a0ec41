"""The time of day, even while the machine's clock is wrong.

A process does not believe a clock that jumps at once. It goes on counting by its monotonic clock, and the rules here
decide when the new time holds. The rules are pure; ``bot.operations.clock_watch`` applies them and delays irreversible
work meanwhile.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

FOLLOWED = timedelta(minutes=2)  # a smaller step of the clock is simply followed: nothing here is more exact
OFF_FOR = timedelta(days=1)  # the clock of a process that starts later than this after the last known time may be wrong
SMALL = timedelta(hours=3)  # a wrong zone or summer time: harmless for periods in days
HOLDS_SOON, HOLDS_LATE = timedelta(minutes=10), timedelta(hours=24)  # until an unexpected time is believed

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time of the machine's clock: always aware, always UTC."""
    return datetime.now(UTC)


def is_past(until: datetime, now: datetime, longest: timedelta) -> bool:
    """Return whether a wait until this moment is over.

    A wait longer than ``longest`` began while the clock was ahead; it also counts as over.
    """
    return not now < until <= now + longest


def differs(first: datetime, second: datetime) -> bool:
    """Return whether two times cannot both be right."""
    return abs(first - second) > FOLLOWED


def is_plausible(now: datetime, last: datetime | None, running: timedelta = timedelta(0)) -> bool:
    """Return whether a clock that shows ``now`` may be right.

    ``last`` is the last believed time, ``running`` the time that the process has run since it read ``last``.
    """
    return last is None or last - FOLLOWED <= now <= last + OFF_FOR + running


def holds_after(by: timedelta) -> timedelta:
    """Return the time that a clock must keep an unexpected time until it is believed without an admin."""
    return HOLDS_SOON if abs(by) <= SMALL else HOLDS_LATE


@dataclass(frozen=True, slots=True)
class Doubt:
    """An unexpected time of the clock; ``since`` is in seconds of the monotonic clock."""

    by: timedelta  # how far it is ahead of what was expected; negative: behind
    since: float

    def now(self, by: timedelta, ticks: float) -> Doubt:
        """Return the doubt a moment later: the same while the clock runs evenly, a new one when it jumped again."""
        return self if abs(by - self.by) <= FOLLOWED else Doubt(by, ticks)

    def is_over(self, ticks: float) -> bool:
        """Return whether the clock has kept its time long enough to be believed."""
        return timedelta(seconds=ticks - self.since) >= holds_after(self.by)


class SteadyClock:
    """The machine's clock without its jumps: through a jump it shows the time of an even clock."""

    def __init__(self, wall: Clock = utc_now, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.wall = wall
        self.monotonic = monotonic
        self._at, self._ticks = wall(), monotonic()

    def __call__(self) -> datetime:
        """Return the time; small steps of the machine's clock are followed."""
        wall, ticks = self.wall(), self.monotonic()
        steady = self._at + timedelta(seconds=ticks - self._ticks)
        if differs(wall, steady):
            return steady
        self._at, self._ticks = wall, ticks
        return wall

    @property
    def jump(self) -> timedelta:
        """Return how far the machine's clock is ahead of this one; zero while it is followed."""
        steady, wall = self(), self.wall()
        return wall - steady if differs(wall, steady) else timedelta(0)

    def set(self, at: datetime) -> None:
        """Count on from this time."""
        self._at, self._ticks = at, self.monotonic()


process_clock = SteadyClock()  # one for the whole process: what it decides holds for every part
