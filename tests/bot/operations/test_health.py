"""Health: a silent part is red, and only a part with regular beats is green."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import make_url

from bot.operations.health import (
    ALLOWANCES,
    CHANNEL_ALLOWANCE,
    LOOP,
    PROBE_EVERY,
    PROBE_TIMEOUT,
    Health,
    watch,
    watch_loop,
)
from knowledge_base.store.database import Store
from tests.patience import PATIENCE_S


class Seconds:
    """A monotonic clock that moves only when told."""

    def __init__(self) -> None:
        self.value = 1000.0

    def __call__(self) -> float:
        return self.value


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def health(seconds: Seconds) -> Health:
    health = Health(seconds)
    for name in ("database", "matrix", "telegram"):
        health.expect(name)
    return health


def test_every_failure_is_red_within_120_seconds() -> None:
    """I10: from the last beat before a failure, the allowance runs; a probe may have begun just before it."""
    assert max(*ALLOWANCES.values(), CHANNEL_ALLOWANCE) + PROBE_EVERY + PROBE_TIMEOUT <= 120


def test_a_silent_part_turns_red_and_others_stay_green(health: Health, seconds: Seconds) -> None:
    seconds.value += CHANNEL_ALLOWANCE
    for name in ("database", "telegram"):
        health.beat(name)
    assert health.status().ok
    seconds.value += 1
    report = health.status()
    assert not report.ok
    assert report.red == {"matrix"}
    (matrix,) = (part for part in report.parts if part.name == "matrix")
    assert (matrix.reason, matrix.silent_for) == ("silent", 91)


def test_single_failure_stays_green_and_explains_a_later_silence(health: Health, seconds: Seconds) -> None:
    health.failed("matrix", "unreachable")
    assert health.status().ok
    assert [part.reason for part in health.status().parts] == ["", "", ""]
    seconds.value += 91
    assert {part.name: part.reason for part in health.status().parts}["matrix"] == "unreachable"
    health.beat("matrix")
    assert "matrix" not in health.status().red


def test_final_failure_is_red_at_once_until_the_next_beat(health: Health) -> None:
    health.failed("telegram", "token_revoked", final=True)
    assert health.status().red == {"telegram"}
    health.beat("telegram")
    assert health.status().ok


def test_part_that_never_started_turns_red(health: Health, seconds: Seconds) -> None:
    assert health.status().ok
    assert health.status(seconds.value + 91).red == {"database", "matrix", "telegram"}


def test_registering_a_part_again_does_not_reset_its_silence(health: Health, seconds: Seconds) -> None:
    seconds.value += 60
    health.expect("matrix")
    assert "matrix" in health.status(seconds.value + 31).red


def test_unknown_and_released_parts_are_not_reported(health: Health, seconds: Seconds) -> None:
    health.beat("nobody")
    health.failed("nobody", "x", final=True)
    health.release("matrix")
    health.beat("matrix")
    assert [part.name for part in health.status().parts] == ["database", "telegram"]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["beat", "failed"]), st.floats(0, 60))))
def test_part_is_red_exactly_if_it_was_silent_too_long(events: list[tuple[str, str, float]]) -> None:
    seconds = Seconds()
    health = Health(seconds)
    last = {}
    for name in "abc":
        health.expect(name, 30)
        last[name] = seconds.value
    for name, event, later in events:
        seconds.value += later
        if event == "beat":
            health.beat(name)
            last[name] = seconds.value
        else:
            health.failed(name, "x")
    assert health.status().red == {name for name in "abc" if seconds.value - last[name] > 30}


async def run_until(condition: asyncio.Event, *coroutines: object) -> None:
    tasks = [asyncio.ensure_future(coroutine) for coroutine in coroutines]  # type: ignore[call-overload]
    await asyncio.wait_for(condition.wait(), PATIENCE_S)
    for task in tasks:
        task.cancel()
    assert all(isinstance(end, asyncio.CancelledError) for end in await asyncio.gather(*tasks, return_exceptions=True))


async def test_watch_goes_on_after_a_probe_hangs_or_fails(health: Health, seconds: Seconds) -> None:
    enough = asyncio.Event()
    ends = iter(["hang", "raise", "hang", "raise"])

    async def probe() -> None:
        match next(ends, "stop"):
            case "hang":
                await asyncio.Event().wait()
            case "raise":
                raise ZeroDivisionError
            case _:
                enough.set()
                await asyncio.Event().wait()

    await run_until(enough, watch(health, "database", probe, every=0, timeout=0.01))
    seconds.value += 91
    assert {part.name: part.reason for part in health.status().parts}["database"] == "unreachable"


async def test_successful_probe_gives_a_beat(health: Health, seconds: Seconds) -> None:
    answered = asyncio.Event()
    seconds.value += 100

    async def probe() -> None:
        if health.status().red == {"matrix", "telegram"}:
            answered.set()

    await run_until(answered, watch(health, "database", probe, every=0))


async def test_loop_watch_gives_beats_and_notifies_the_watchdog(seconds: Seconds) -> None:
    health = Health(seconds)
    health.expect(LOOP)
    seconds.value += 31
    assert health.status().red == {LOOP}
    told = asyncio.Event()
    await run_until(told, watch_loop(health, told.set, every=0))
    assert health.status().ok


async def test_watched_part_is_registered(seconds: Seconds) -> None:
    health = Health(seconds)
    begun = asyncio.Event()

    async def hang() -> None:
        begun.set()
        await asyncio.Event().wait()

    await run_until(begun, watch(health, "model", hang))
    assert health.status(seconds.value + 91).red == {"model"}


@contextmanager
def blocked(url: str) -> Iterator[None]:
    """Another connection locks the database, as a stuck process would."""
    with sqlite3.connect(make_url(url).database or "", isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
    other.close()


class Telling(Health):
    """Tells when a probe ended either way."""

    def __init__(self) -> None:
        super().__init__()
        self.beaten, self.missed = asyncio.Event(), asyncio.Event()

    def beat(self, name: str) -> None:
        super().beat(name)
        self.beaten.set()

    def failed(self, name: str, reason: str, *, final: bool = False) -> None:
        super().failed(name, reason, final=final)
        self.missed.set()


async def write(store: Store) -> None:
    async with store.begin() as tx:
        await tx.facts.put("probe", 1)


async def test_a_blocked_database_gives_no_beat_and_recovers(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge_base.store.database.BUSY_TIMEOUT_S", 0.1)
    store = await Store.open(sqlite_url)
    health = Telling()
    health.expect("database", 0)
    with blocked(sqlite_url):
        watching = asyncio.create_task(watch(health, "database", lambda: write(store), every=0.01, timeout=5))
        await asyncio.wait_for(health.missed.wait(), PATIENCE_S)
        assert not health.beaten.is_set()
        assert health.status().parts[0].reason == "unreachable"
    await asyncio.wait_for(health.beaten.wait(), PATIENCE_S)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
    await store.close()
