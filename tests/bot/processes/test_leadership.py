"""A process acts as leader only while other processes must accept its last sign of life."""

from __future__ import annotations

import asyncio

import pytest
import structlog.testing

from bot.processes.leadership import Leadership
from knowledge_base.store.database import Store
from knowledge_base.store.processes import LEASE_OF_A_FILE, DeposedError


class Monotonic:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def process(store: Store, clock: Monotonic, place: str = "here") -> Leadership:
    return Leadership(store, ["net"], place=place, settings={"web": place}, clock=clock)


async def test_leader_that_cannot_renew_its_lease_stops_before_another_may_start(sqlite_store: Store) -> None:
    clock = Monotonic()
    leader = process(sqlite_store, clock)
    await leader.sign()
    term = leader.expect("net")
    clock.now += LEASE_OF_A_FILE.total_seconds() - 0.5
    assert leader.term("net") is None
    with pytest.raises(DeposedError):
        leader.expect("net")
    await leader.sign()
    assert leader.expect("net") == term, "no other took it: it goes on"


async def test_standby_process_leads_when_the_leader_leaves(store: Store) -> None:
    clock = Monotonic()
    first, second = process(store, clock), process(store, clock, "elsewhere")
    await first.sign()
    await second.sign()
    assert (first.leads("net"), second.leads("net")) == (True, False)
    assert [one.settings for one in await second.others()] == [{"web": "here"}]
    gained = asyncio.create_task(second.gained("net"))
    await first.leave()
    assert not first.leads("net")
    await second.sign()
    assert (await gained).epoch == 2


async def test_process_restarted_in_the_same_place_leads_at_once(store: Store) -> None:
    clock = Monotonic()
    killed, again = process(store, clock), process(store, clock)
    await killed.sign()
    await again.sign()
    assert again.leads("net")
    await killed.sign()
    assert not killed.leads("net")


async def test_end_of_a_term_is_signalled_and_a_channel_given_up_is_not_taken_again(store: Store) -> None:
    clock, changes = Monotonic(), []
    first = Leadership(store, ["net"], place="a", settings={}, clock=clock, changed=lambda: changes.append(1))
    await first.sign()
    lost = asyncio.create_task(first.lost(first.expect("net")))
    await asyncio.sleep(0)
    assert not lost.done()
    await first.give_up("net")
    await lost
    await first.sign()
    assert not first.leads("net"), "who gave a channel up does not take it again"
    assert len(changes) == 2


async def test_process_takes_the_lead_after_a_database_outage(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.processes.leadership.STANDBY_S", 0.01)
    leader = process(sqlite_store, Monotonic())
    async with sqlite_store.begin() as tx:
        await tx.connection.exec_driver_sql("ALTER TABLE leader RENAME TO leader_away")
    signed, failures = asyncio.Event(), []
    with structlog.testing.capture_logs() as logs:
        running = asyncio.create_task(leader.run(signed.set, failures.append))
        while not failures:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert logs[0]["exc_info"], "its traceback is written once; see config.logging.Repeated"
    assert not leader.leads("net")
    async with sqlite_store.begin() as tx:
        await tx.connection.exec_driver_sql("ALTER TABLE leader_away RENAME TO leader")
    await signed.wait()
    assert leader.leads("net")
    running.cancel()
