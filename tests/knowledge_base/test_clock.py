"""The time of a process when the machine's clock jumps."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.clock import (
    FOLLOWED,
    HOLDS_LATE,
    HOLDS_SOON,
    OFF_FOR,
    Doubt,
    holds_after,
    is_past,
    is_plausible,
)
from tests.conftest import FixedClock
from tests.machine_clock import MachineClock

NOW = FixedClock()()
HOUR, YEAR = timedelta(hours=1), timedelta(days=400)
JUMPS = st.sampled_from([-YEAR, -3 * HOUR, -HOUR, timedelta(0), HOUR, 72 * HOUR, YEAR])
PAUSES = st.integers(1, 86_400)


@given(st.lists(st.tuples(PAUSES, JUMPS), max_size=30))
def test_clock_jumps_never_change_the_time_of_a_process(steps: list[tuple[int, timedelta]]) -> None:
    machine = MachineClock()
    clock, before = machine.process(), datetime.min.replace(tzinfo=NOW.tzinfo)
    for seconds, off in steps:
        machine.off = off
        machine.passes(seconds=seconds)
        assert abs(clock() - machine.true) < timedelta(seconds=1)
        assert clock.jump == off
        assert clock() > before
        before = clock()
    machine.off = timedelta(0)
    assert clock() == machine.wall()
    assert not clock.jump


@given(st.lists(st.integers(-int(FOLLOWED.total_seconds()), int(FOLLOWED.total_seconds())), max_size=30))
def test_process_follows_small_steps_of_the_machine_clock(steps: list[int]) -> None:
    machine = MachineClock()
    clock = machine.process()
    for seconds in steps:
        machine.off += timedelta(seconds=seconds)
        assert clock() == machine.wall()


def test_clock_continues_from_a_time_that_was_set() -> None:
    machine = MachineClock()
    clock = machine.process()
    clock.set(NOW + HOUR)
    machine.passes(minutes=5)
    assert clock() == NOW + HOUR + timedelta(minutes=5)
    assert clock.jump == -HOUR


@pytest.mark.parametrize(
    ("until", "past"),
    [(-1.0, True), (0.0, True), (0.1, False), (24.0, False), (24.1, True), (9_600.0, True)],
)
def test_wait_ends_in_time_or_when_it_is_longer_than_allowed(until: float, past: bool) -> None:
    assert is_past(NOW + until * HOUR, NOW, 24 * HOUR) is past


def test_clock_is_plausible_within_a_limited_distance_of_the_last_known_time() -> None:
    assert is_plausible(NOW, None)
    assert is_plausible(NOW, NOW)
    assert is_plausible(NOW, NOW - OFF_FOR)
    assert not is_plausible(NOW, NOW - OFF_FOR - HOUR)
    assert is_plausible(NOW, NOW - OFF_FOR - HOUR, running=HOUR)
    assert is_plausible(NOW, NOW + FOLLOWED)
    assert not is_plausible(NOW, NOW + 2 * FOLLOWED)


def test_small_clock_jump_is_accepted_sooner_than_a_large_jump() -> None:
    for by in (HOUR, -HOUR):
        assert holds_after(by) == HOLDS_SOON
    for by in (YEAR, -YEAR, 5 * HOUR):
        assert holds_after(by) == HOLDS_LATE
    doubt = Doubt(YEAR, 0.0)
    assert not doubt.is_over(HOLDS_LATE.total_seconds() - 1)
    assert doubt.is_over(HOLDS_LATE.total_seconds())


def test_second_clock_jump_restarts_the_doubt() -> None:
    doubt = Doubt(YEAR, 0.0)
    assert doubt.now(YEAR + timedelta(seconds=1), 50.0) is doubt
    assert doubt.now(HOUR, 50.0) == Doubt(HOUR, 50.0)
