"""When a digest is due: once a week in local time, across clock changes, holidays, pauses and downtime."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge_base.digests.schedule import (
    BERLIN,
    LATEST,
    Schedule,
    SlotStatus,
    Week,
    due,
    slot,
    stand,
    upcoming,
)
from knowledge_base.working_days import STATES, is_public_holiday

LONG_AGO = datetime(2025, 1, 1, tzinfo=UTC)
MONDAYS = Schedule(since=LONG_AGO)


def local(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def in_state(state: str) -> Schedule:
    return replace(MONDAYS, is_holiday=lambda day: is_public_holiday(day, "DE", state))


@pytest.mark.parametrize(
    ("week", "utc"),
    [
        ("2026-W13", "2026-03-23T07:00"),  # before the change of 2026-03-29
        ("2026-W14", "2026-03-30T06:00"),
        ("2026-W43", "2026-10-19T06:00"),  # before 2026-10-25
        ("2026-W44", "2026-10-26T07:00"),
        ("2027-W12", "2027-03-22T07:00"),  # before 2027-03-28
        ("2027-W13", "2027-03-29T06:00"),
        ("2027-W43", "2027-10-25T06:00"),  # before 2027-10-31
        ("2027-W44", "2027-11-01T07:00"),
        ("2026-W53", "2026-12-28T07:00"),
        ("2027-W01", "2027-01-04T07:00"),
    ],
)
def test_digest_is_due_at_eight_local_time_before_and_after_clock_changes(week: str, utc: str) -> None:
    at = slot(MONDAYS, Week.parse(week))
    assert at == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert at.astimezone(BERLIN).time() == time(8)


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (date(2026, 3, 29), "2026-03-29T01:00"),  # 02:00 is left out: it is 03:00 then
        (date(2027, 3, 28), "2027-03-28T01:00"),
        (date(2026, 10, 25), "2026-10-25T00:00"),  # 02:00 comes twice: the first one
        (date(2027, 10, 31), "2027-10-31T00:00"),
    ],
)
def test_digest_is_due_once_in_an_hour_that_a_clock_change_skips_or_repeats(day: date, utc: str) -> None:
    sundays = replace(MONDAYS, weekday=6, hour=2)
    at = slot(sundays, Week.of(day))
    assert at == datetime.fromisoformat(utc).replace(tzinfo=UTC)
    served, times = None, 0
    for minute in range(0, 6 * 60, 10):
        if week := due(sundays, at - timedelta(hours=2) + timedelta(minutes=minute), served):
            served, times = week, times + 1
    assert times == 1


@pytest.mark.parametrize(
    ("state", "weekday", "week", "day"),
    [
        ("Brandenburg", 0, "2026-W15", date(2026, 4, 7)),  # Easter Monday
        ("Brandenburg", 4, "2026-W14", date(2026, 4, 7)),  # Good Friday: the next working day is in the next week
        ("Brandenburg", 0, "2026-W22", date(2026, 5, 26)),  # Whit Monday
        ("Brandenburg", 4, "2026-W44", date(2026, 10, 30)),  # the Friday before Reformation Day, which is a Saturday
        ("Brandenburg", 5, "2026-W44", date(2026, 11, 2)),  # who chose Saturdays: it is one
        ("Bayern", 5, "2026-W44", date(2026, 10, 31)),  # where it is none
        ("Bayern", 1, "2026-W02", date(2026, 1, 7)),  # Epiphany
        ("Brandenburg", 1, "2026-W02", date(2026, 1, 6)),
        ("Sachsen", 2, "2026-W47", date(2026, 11, 19)),  # Day of Repentance
        ("Brandenburg", 4, "2026-W53", date(2027, 1, 4)),  # New Year's Day, Friday of week 53
        ("", 0, "2026-W48", date(2026, 11, 23)),
    ],
)
def test_public_holiday_moves_the_digest_to_the_next_working_day(
    state: str, weekday: int, week: str, day: date
) -> None:
    assert slot(replace(in_state(state), weekday=weekday), Week.parse(week)).astimezone(BERLIN).date() == day


def test_weeks_follow_the_iso_calendar() -> None:
    assert str(Week.of(date(2027, 1, 3))) == "2026-W53"
    assert Week.parse("2026-W53").plus(1) == Week(2027, 1)
    assert Week.parse("2026-W53") < Week(2027, 1)
    assert Week.parse(str(Week(2026, 5))).monday == date(2026, 1, 26)


def test_week_that_was_served_is_not_due_again() -> None:
    now = local("2026-11-23T08:00")
    assert due(MONDAYS, now - timedelta(seconds=1), Week(2026, 47)) is None
    assert due(MONDAYS, now, Week(2026, 47)) == Week(2026, 48)
    assert due(MONDAYS, now, Week(2026, 48)) is None
    assert stand(MONDAYS, now, Week(2026, 48)) == (Week(2026, 48), SlotStatus.SERVED)


def test_missed_digest_is_sent_up_to_six_days_late_then_merged_into_the_next() -> None:
    late = local("2026-11-23T08:00").astimezone(UTC) + LATEST
    assert due(MONDAYS, late - timedelta(seconds=1), Week(2026, 47)) == Week(2026, 48)
    assert stand(MONDAYS, late, Week(2026, 47)) == (Week(2026, 48), SlotStatus.MERGED)
    assert due(MONDAYS, local("2026-11-30T08:00"), Week(2026, 47)) == Week(2026, 49)


def test_user_who_subscribes_after_the_slot_waits_for_the_next_slot() -> None:
    new = Schedule(since=local("2026-11-25T10:00"))
    assert stand(new, local("2026-11-25T11:00"), None) == (Week(2026, 48), SlotStatus.BEFORE)
    assert upcoming(new, local("2026-11-25T11:00"), None) == local("2026-11-30T08:00")


def test_digests_due_during_a_pause_are_not_sent_after_the_pause() -> None:
    paused = replace(MONDAYS, paused_until=local("2026-11-25T00:00"))
    assert stand(paused, local("2026-11-23T09:00"), Week(2026, 47)) == (Week(2026, 48), SlotStatus.PAUSED)
    assert due(paused, local("2026-11-25T01:00"), Week(2026, 47)) is None
    assert due(paused, local("2026-11-30T08:00"), Week(2026, 47)) == Week(2026, 49)


def test_weekday_change_neither_repeats_nor_loses_a_digest() -> None:
    thursdays = replace(MONDAYS, weekday=3)
    assert due(thursdays, local("2026-11-26T08:00"), Week(2026, 48)) is None  # Monday's came
    assert due(thursdays, local("2026-12-03T08:00"), Week(2026, 48)) == Week(2026, 49)
    wednesday = local("2026-11-25T12:00")
    assert due(MONDAYS, wednesday, Week(2026, 47)) == Week(2026, 48)  # from Thursday to Monday: it comes at once
    assert upcoming(MONDAYS, wednesday, Week(2026, 47)) == wednesday


def test_user_who_paused_for_years_has_no_next_digest() -> None:
    assert upcoming(replace(MONDAYS, paused_until=local("2099-01-01T00:00")), local("2026-11-23T07:00"), None) is None


# --- whatever happens -----------------------------------------------------------------------------------------------

ZONES = [ZoneInfo(name) for name in ("Europe/Berlin", "Europe/Warsaw", "Europe/London", "UTC", "America/New_York")]
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
STATE_NAMES = st.sampled_from(["", *STATES])
CALENDARS = STATE_NAMES.map(lambda state: partial(is_public_holiday, country="DE", state=state))
SCHEDULES = st.builds(
    Schedule,
    since=st.just(LONG_AGO),
    weekday=st.integers(0, 6),
    hour=st.integers(0, 23),
    zone=st.sampled_from(ZONES),
    is_holiday=CALENDARS,
)


@given(schedule=SCHEDULES, start=MOMENTS)
@settings(max_examples=60, deadline=None)
def test_every_week_has_exactly_one_digest(schedule: Schedule, start: datetime) -> None:
    """A tick every three hours for ten weeks: each ISO week that has its slot there is served once, on time."""
    served, got = None, []
    ticks = [start + timedelta(hours=number) for number in range(0, 70 * 24, 3)]
    for now in ticks:
        if week := due(schedule, now, served):
            got.append(week)
            served = week
            if len(got) > 1:
                assert timedelta(0) <= now - slot(schedule, week) < timedelta(hours=3)
    around = [Week.of(start.date()).plus(number) for number in range(-2, 13)]  # a holiday moves slots, also into here
    missed = [week for week in got if slot(schedule, week) <= start]
    assert len(missed) <= 1
    assert got == missed + [week for week in around if start < slot(schedule, week) <= ticks[-1]]


@given(
    schedule=SCHEDULES,
    start=MOMENTS,
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("down"), st.integers(1, 20 * 24)),  # hours
            st.tuples(st.just("weekday"), st.integers(0, 6)),
            st.tuples(st.just("hour"), st.integers(0, 23)),
            st.tuples(st.just("pause"), st.integers(1, 40)),  # days
            st.tuples(st.just("resume"), st.just(0)),
            st.tuples(st.just("up"), st.integers(1, 9 * 24)),
            st.tuples(st.just("twins"), st.integers(1, 9 * 24)),  # two processes that both believe it is their turn
        ),
        max_size=12,
    ),
)
@settings(max_examples=150, deadline=None)
def test_user_gets_at_most_one_digest_a_week_and_none_in_a_pause(
    schedule: Schedule, start: datetime, steps: list[tuple[str, int]]
) -> None:
    now, rows = start, set[Week]()
    for what, number in steps:
        match what:
            case "down":
                now += timedelta(hours=number)
            case "weekday" | "hour":
                schedule = replace(schedule, **{what: number})
            case "pause":
                schedule = replace(schedule, paused_until=now + timedelta(days=number))
            case "resume":
                schedule = replace(schedule, paused_until=now)
            case _:
                for _ in range(number):
                    seen = [due(schedule, now, max(rows, default=None)) for _ in range(2 if what == "twins" else 1)]
                    for week in filter(None, set(seen)):  # the unique row: the second insert finds the first
                        assert week not in rows
                        assert timedelta(0) <= now - slot(schedule, week) < LATEST
                        assert schedule.paused_until is None or slot(schedule, week) > schedule.paused_until
                        rows.add(week)
                    now += timedelta(hours=1)


@given(schedule=SCHEDULES, now=MOMENTS)
@settings(max_examples=100, deadline=None)
def test_digest_is_due_exactly_at_the_announced_time(schedule: Schedule, now: datetime) -> None:
    served = Week.of(now.date()).plus(-1)
    at = upcoming(schedule, now, served)
    assert at is not None
    assert due(schedule, at, served) is not None
    if at > now:
        assert due(schedule, at - timedelta(seconds=1), served) is None
