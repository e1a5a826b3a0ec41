"""Irreversible work waits while the machine's clock may be wrong, and all other work goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bot.operations.alerts import Alerts
from bot.operations.clock_watch import ClockWatch
from knowledge_base.clock import HOLDS_LATE, HOLDS_SOON
from knowledge_base.store.database import Store
from knowledge_base.store.known_time import CONFIRMED, LAST, confirm
from knowledge_base.store.tables import outbox
from tests.conftest import FixedClock
from tests.machine_clock import MachineClock

YEAR, HOUR = timedelta(days=400), timedelta(hours=1)
Process = Callable[[], Awaitable[tuple[Store, ClockWatch]]]


@pytest.fixture
def machine() -> MachineClock:
    return MachineClock()


@pytest.fixture
async def start(database_url: str, machine: MachineClock) -> AsyncIterator[Process]:
    """Start a process on the database; each process has its own clock."""
    opened = []

    async def process() -> tuple[Store, ClockWatch]:
        store = await Store.open(database_url, clock=machine.process())
        opened.append(store)
        async with store.begin() as tx:
            await tx.people.identify("fake", "ada", private_conversation="chat-of-ada")
        return store, ClockWatch(store, Alerts(store, ["fake:ada"]))

    yield process
    for store in opened:
        await store.close()


async def told(store: Store) -> list[str]:
    """The keys of all alerts, in order."""
    async with store.read() as tx:
        payloads: list[Any] = list((await tx.connection.scalars(select(outbox.c.payload).order_by(outbox.c.seq))).all())
    return [payload["say"]["key"].removeprefix("alert.") for payload in payloads]


@pytest.mark.parametrize("off", [YEAR, -YEAR, 3 * 24 * HOUR, HOUR, -HOUR])
async def test_clock_jump_is_alerted_and_not_trusted_until_the_clock_is_right(
    start: Process, machine: MachineClock, off: timedelta
) -> None:
    store, watch = await start()
    assert await watch.is_sure()
    machine.off = off
    for _ in range(4):
        machine.passes(seconds=10)
        assert not await watch.is_sure()
        assert store.now() == machine.true, "what is stored meanwhile bears the right time"
    machine.off = timedelta(0)
    machine.passes(seconds=10)
    await watch()
    assert await watch.is_sure()
    assert await told(store) == ["clock_jumped", "clock_holds"]


async def test_clock_jump_is_noticed_without_waiting_for_the_next_check(start: Process, machine: MachineClock) -> None:
    _, watch = await start()
    assert await watch.is_sure()
    machine.off = YEAR
    assert not await watch.is_sure(), "no look is between"


@pytest.mark.parametrize(("off", "holds"), [(YEAR, HOLDS_LATE), (-YEAR, HOLDS_LATE), (HOUR, HOLDS_SOON)])
async def test_new_time_is_trusted_after_the_clock_kept_it_long_enough(
    start: Process, machine: MachineClock, off: timedelta, holds: timedelta
) -> None:
    store, watch = await start()
    await watch()
    machine.off = off
    await watch()
    machine.passes(seconds=holds.total_seconds() - 1)
    await watch()
    assert not await watch.is_sure()
    machine.passes(seconds=1)
    await watch()
    assert await watch.is_sure()
    assert store.now() == machine.wall()


async def test_new_time_is_trusted_at_once_if_an_admin_confirms_it(start: Process, machine: MachineClock) -> None:
    store, watch = await start()
    await watch()
    machine.off = YEAR
    await watch()
    async with store.begin() as tx:
        await confirm(tx.facts, machine.wall() - HOUR)
    await watch()
    assert not await watch.is_sure(), "what was confirmed is another time"
    async with store.begin() as tx:
        await confirm(tx.facts, machine.wall())
    machine.passes(seconds=10)
    await watch()
    assert await watch.is_sure()
    assert store.now() == machine.wall()


async def test_start_after_two_weeks_asks_admins_and_trusts_the_clock_after_a_day(
    start: Process, machine: MachineClock
) -> None:
    _, watch = await start()
    await watch()
    machine.passes(days=14)
    store, watch = await start()
    assert not await watch.is_sure()
    assert await told(store) == ["clock_unsure"]
    assert store.now() == machine.wall()
    machine.passes(days=1)
    await watch()
    assert await watch.is_sure()


async def test_start_after_a_night_off_needs_no_confirmation(start: Process, machine: MachineClock) -> None:
    _, watch = await start()
    await watch()
    machine.passes(hours=20)
    store, watch = await start()
    assert await watch.is_sure()
    assert await told(store) == []


async def test_clock_confirmed_before_the_start_is_trusted(start: Process, machine: MachineClock) -> None:
    store, watch = await start()
    await watch()
    machine.passes(days=14)
    async with store.begin() as tx:
        await confirm(tx.facts, machine.wall())
    machine.passes(hours=2)
    _, watch = await start()
    assert await watch.is_sure()


async def test_clock_corrected_after_a_wrong_start_is_trusted_and_stored_times_are_fixed(
    start: Process, machine: MachineClock
) -> None:
    _, watch = await start()
    await watch()
    machine.off = YEAR
    store, watch = await start()
    assert not await watch.is_sure()
    async with store.begin() as tx:
        await tx.facts.put("x", tx.now.isoformat())
        wrong = tx.now
    assert wrong == machine.wall()
    machine.off = timedelta(0)
    machine.passes(seconds=30)
    await watch()
    assert await watch.is_sure()
    assert store.now() == machine.true
    async with store.read() as tx:
        latest = await tx.connection.scalar(select(outbox.c.created_at).order_by(outbox.c.seq).limit(1))
    assert latest is not None
    assert latest <= machine.true, "what it stored meanwhile is corrected"


async def test_process_trusts_the_clock_after_an_earlier_start_with_a_wrong_clock(
    start: Process, machine: MachineClock
) -> None:
    _, watch = await start()
    await watch()
    machine.off = YEAR
    _, watch = await start()
    assert not await watch.is_sure()
    machine.off = timedelta(0)
    machine.passes(minutes=1)
    _, watch = await start()
    assert await watch.is_sure()


async def test_process_does_not_go_back_in_time_if_the_clock_is_behind(start: Process, machine: MachineClock) -> None:
    _, watch = await start()
    await watch()
    machine.off = -YEAR
    store, watch = await start()
    assert not await watch.is_sure()
    assert abs(store.now() - machine.true) < timedelta(minutes=2)
    machine.off = timedelta(0)
    machine.passes(seconds=10)
    await watch()
    assert await watch.is_sure()


async def test_admins_are_alerted_if_the_clocks_of_processes_differ(start: Process, machine: MachineClock) -> None:
    store, one = await start()
    await one()
    machine.off = HOUR
    _, other = await start()
    await other()
    machine.off = timedelta(0)
    machine.passes(minutes=2)
    await one()
    assert await told(store) == ["clock_differs"]


async def test_clock_given_by_the_caller_is_always_trusted(store: Store, clock: FixedClock) -> None:
    watch = ClockWatch(store, Alerts(store, []))
    await watch()
    clock.advance(days=400)
    assert await watch.is_sure()
    async with store.read() as tx:
        assert await tx.facts.get(LAST) is None


async def test_clock_watch_stores_only_times(start: Process, machine: MachineClock) -> None:
    store, watch = await start()
    await watch()
    async with store.begin() as tx:
        await confirm(tx.facts, machine.wall())
        assert datetime.fromisoformat(await tx.facts.get(CONFIRMED)) == machine.wall()
        assert datetime.fromisoformat((await tx.facts.get(LAST))["at"]) == machine.wall()
