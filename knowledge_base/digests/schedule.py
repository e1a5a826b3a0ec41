"""When a digest is due. Pure: the clock, the holidays and what was served are given.

A subscriber wishes a weekday and an hour of local time; the zone decides what that is in UTC, so 08:00 stays 08:00
when the clocks change. An hour that a change leaves out is served an hour later, one that it repeats the first time.
A public holiday moves the slot to the next day that is neither a holiday nor in a weekend; it stays the slot of its
week.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY, EIGHT = 0, 8  # where nobody chose
LATEST = timedelta(days=6)  # a slot missed by more is merged into the next
AHEAD = 60  # weeks looked ahead for the next slot: longer than any pause
LONGEST_SHIFT = 14  # days; no holidays last longer


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """An ISO week; weeks compare in order of time, also across years of 53 weeks."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Week:
        """The week of a day."""
        year, number, _ = day.isocalendar()
        return cls(year, number)

    @classmethod
    def parse(cls, text: str) -> Week:
        """Back from ``str``: "2026-W48"."""
        year, _, number = text.partition("-W")
        return cls(int(year), int(number))

    def __str__(self) -> str:
        return f"{self.year}-W{self.number:02}"

    @property
    def monday(self) -> date:
        """Its first day."""
        return date.fromisocalendar(self.year, self.number, 1)

    def plus(self, weeks: int) -> Week:
        """The week so many weeks later."""
        return Week.of(self.monday + timedelta(weeks=weeks))


def week_of(now: datetime, zone: tzinfo = BERLIN) -> Week:
    """The week that it is."""
    return Week.of(now.astimezone(zone).date())


def no_holiday(_day: date) -> bool:
    """A calendar without holidays."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The days and hours at which a subscriber wants digests."""

    since: datetime  # of the subscription: earlier slots are nobody's
    weekday: int = MONDAY  # 0 … 6
    hour: int = EIGHT  # 0 … 23
    paused_until: datetime | None = None  # slots before it are skipped, also afterwards
    zone: tzinfo = BERLIN
    is_holiday: Callable[[date], bool] = no_holiday

    @property
    def start(self) -> datetime:
        """Slots up to here do not count."""
        return max(self.since, self.paused_until) if self.paused_until else self.since


class SlotStatus(StrEnum):
    """How a subscriber's newest slot stands."""

    DUE = "due"
    SERVED = "served"  # this week, or a later one, has its row
    PAUSED = "paused"  # it fell into a pause
    MERGED = "merged"  # missed by too much: the next digest holds what it would have held
    BEFORE = "before"  # no slot has come since the subscription


def slot(schedule: Schedule, week: Week) -> datetime:
    """The moment (UTC) at which this week's digest is due."""
    day = week.monday + timedelta(days=schedule.weekday)
    if schedule.is_holiday(day):
        days = (day + timedelta(days=step) for step in range(1, LONGEST_SHIFT))
        day = next(
            (candidate for candidate in days if candidate.weekday() < 5 and not schedule.is_holiday(candidate)), day
        )
    return datetime.combine(day, time(schedule.hour), tzinfo=schedule.zone).astimezone(UTC)


def stand(schedule: Schedule, now: datetime, served: Week | None) -> tuple[Week, SlotStatus]:
    """The week of the newest slot that has come, and how it stands; ``served`` is the last week that has a row.

    At most one week is due at a time. A later week that was served settles the earlier ones, too. One that has not come
    yet settles nothing: it was served by a clock that was ahead.
    """
    this = week_of(now, schedule.zone)
    served = served if served is not None and served <= this else None
    come = next((week for week in (this, this.plus(-1), this.plus(-2)) if slot(schedule, week) <= now), this.plus(-3))
    if served is not None and served >= come:
        return come, SlotStatus.SERVED
    at = slot(schedule, come)
    if at <= schedule.since:
        return come, SlotStatus.BEFORE
    if at <= schedule.start:
        return come, SlotStatus.PAUSED
    return come, SlotStatus.DUE if now - at < LATEST else SlotStatus.MERGED


def due(schedule: Schedule, now: datetime, served: Week | None) -> Week | None:
    """Return the week to make a digest for now, or ``None``."""
    week, standing = stand(schedule, now, served)
    return week if standing is SlotStatus.DUE else None


def upcoming(schedule: Schedule, now: datetime, served: Week | None) -> datetime | None:
    """When the next digest comes: ``now`` when one is due; ``None`` when a pause outlasts every foreseeable week."""
    if due(schedule, now, served):
        return now
    this = week_of(now, schedule.zone)
    served = served if served is not None and served <= this else None
    first = this.plus(-1)
    weeks = (first.plus(number) for number in range(AHEAD))
    slots = ((week, slot(schedule, week)) for week in weeks if served is None or week > served)
    return next((at for _, at in slots if at > max(now, schedule.start)), None)


def next_look(schedule: Schedule, now: datetime, served: Week | None) -> datetime | None:
    """Return a time after ``now`` before which no digest is due; ``None`` when one is due now."""
    at = upcoming(schedule, now, served) or schedule.start
    return at if at > now else None
