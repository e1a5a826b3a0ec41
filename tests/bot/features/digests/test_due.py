"""Stored times find exactly the subscriptions whose digest is due, and an idle check writes nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, event, select

from bot.features.digests.due import look
from knowledge_base.digests.material import Atlas
from knowledge_base.model import Municipality
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.store.database import Store
from knowledge_base.store.healing import heal
from knowledge_base.store.people import Account
from knowledge_base.store.subscriptions import OFF, ON, Subscription
from knowledge_base.store.tables import subscription
from knowledge_base.vocabulary import bundled
from tests.bot.features.digests.test_make import digests, news, subscriber
from tests.conftest import FixedClock

BERLIN_AND_MUNICH = Gazetteer(
    [
        Municipality(id="1", name="Cottbus", state="Brandenburg"),
        Municipality(id="2", name="München", state="Bayern"),
    ]
)
MONDAY = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
ACTS = ("look", "run", "news", "off", "on", "pause", "resume", "merge", "part")
STEPS = st.one_of(
    st.tuples(st.just("pass"), st.integers(1, 9 * 24)),
    st.tuples(st.just("ahead"), st.integers(1, 40)),
    st.tuples(st.just("back"), st.just(0)),
    st.tuples(st.sampled_from(ACTS), st.integers(0, 3)),
    st.tuples(st.just("typed"), st.integers(1, 15)),
    st.tuples(st.just("municipality"), st.integers(0, 7)),
    st.tuples(st.just("weekday"), st.integers(0, 27)),
    st.tuples(st.just("hour"), st.integers(0, 95)),
)  # fmt: skip


async def due_by(store: Store, ids: list[str]) -> list[str]:
    result = await look(store, Atlas(BERLIN_AND_MUNICH, bundled()), ids, store.now())
    return [one.subscriber.subscription.id for one in result.due]


async def expect_the_same(store: Store, after: object) -> None:
    async with store.read() as tx:
        everyone, indexed = await tx.subscriptions.all_on(), await tx.subscriptions.due(store.now())
    assert await due_by(store, indexed) == await due_by(store, everyone), after


class Town:
    """Four subscribers, and the events that happen to them."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        self.store, self.clock = store, clock
        self.ahead = timedelta(0)
        self.digests = digests(store)
        self.digests._gazetteer = lambda: BERLIN_AND_MUNICH

    async def begin(self) -> None:
        for number in range(4):
            await subscriber(self.store, f"p{number}")

    async def step(self, text: str, number: int) -> None:
        match text:
            case "pass":
                self.clock.advance(hours=number)
            case "ahead":
                self.ahead += timedelta(days=number)
                self.clock.advance(days=number)
            case "back":
                self.clock.moment -= self.ahead
                self.ahead = timedelta(0)
                await expect_the_same(self.store, "back")
                await heal(self.store)
            case "look":
                await self.digests.make_due(self.clock.moment, everyone=False)
            case "run":
                await self.digests.make_due(self.clock.moment)
            case "typed":
                await self.digests.make_due(self.clock.moment + timedelta(days=number))
            case "news":
                await news(self.store, f"n{self.clock.moment:%m%d%H}")
            case _:
                await self.change(text, number)

    async def change(self, text: str, number: int) -> None:
        async with self.store.begin() as tx:
            person = await tx.people.identify("fake", f"p{number % 4}", private_conversation=f"chat-of-p{number % 4}")
            subscription = await tx.subscriptions.of_person(person.id)
            if text == "municipality":
                await tx.profiles.set(person.id, municipality=str(number // 4 + 1))
            elif text == "merge":
                other = await tx.people.identify("fake", f"p{(number + 1) % 4}", private_conversation=None)
                await tx.profiles.merge(other.id, person.id)
            elif text == "part":
                leaves = Account("fake", f"p{number % 4}", f"chat-of-p{number % 4}", True)
                await tx.profiles.part(person.id, [leaves], [], instead=None)
            elif subscription is not None:
                await tx.subscriptions.save(self.changed(subscription, text, number))

    def changed(self, subscription: Subscription, text: str, number: int) -> Subscription:
        match text:
            case "off":
                return replace(subscription, state=OFF)
            case "on":
                return replace(subscription, state=ON)
            case "pause":
                return replace(subscription, paused_until=self.clock.moment + timedelta(days=5 + 200 * number))
            case "resume":
                return replace(subscription, paused_until=None)
            case "weekday":
                return replace(subscription, weekday=number // 4)
            case _:
                return replace(subscription, hour=number // 4)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 400), steps=st.lists(STEPS, min_size=5, max_size=30))
async def test_stored_due_times_find_the_same_subscriptions_as_a_full_check(
    tmp_path_factory: pytest.TempPathFactory, start: int, steps: list[tuple[str, int]]
) -> None:
    clock = FixedClock()
    clock.advance(days=start)
    store = await Store.open(f"sqlite:///{tmp_path_factory.mktemp('due') / 'db'}", clock=clock)
    try:
        town = Town(store, clock)
        await town.begin()
        for what, number in steps:
            await town.step(what, number)
            await expect_the_same(store, (what, number))
    finally:
        await store.close()


async def test_stored_due_times_are_right_for_a_year_on_both_databases(store: Store, clock: FixedClock) -> None:
    town = Town(store, clock)
    await town.begin()
    await town.step("municipality", 1)
    await town.step("municipality", 6)
    await town.step("weekday", 3 * 4 + 2)
    await town.step("pause", 3)
    for week in range(53):
        if week == 20:
            await town.step("ahead", 30)
        for days in (1, 2, 4):
            await town.step("pass", 24 * days)
            await expect_the_same(store, week)
            await town.step("look", 0)
        if week == 24:
            await town.step("back", 0)


class Counted:
    """The transactions of a store, writing and reading, and the statements that read."""

    def __init__(self, store: Store) -> None:
        self.counts: Counter[str] = Counter()
        event.listen(store._engine.sync_engine, "begin", self._begun)
        event.listen(store._engine.sync_engine, "before_cursor_execute", self._executes)

    def _begun(self, connection: Connection) -> None:
        self.counts["write" if connection.get_execution_options().get("write") else "read"] += 1

    def _executes(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        self.counts["select"] += "FROM subscription" in statement


async def test_check_without_due_digests_is_one_query_and_no_write(store: Store, clock: FixedClock) -> None:
    for number in range(3):
        await subscriber(store, f"p{number}")
    running = digests(store)
    clock.advance(days=1)
    await running.make_due(clock.moment, everyone=False)
    counted = Counted(store)
    assert await running.make_due(clock.moment, everyone=False) == []
    assert counted.counts == {"read": 1, "select": 1}


async def test_subscription_is_not_checked_again_in_the_week_of_its_digest(store: Store, clock: FixedClock) -> None:
    subscription = await subscriber(store, "anna")
    clock.moment = MONDAY
    await news(store, "bus")
    running = digests(store)
    (outcome,) = await running.make_due(MONDAY, everyone=False)
    assert outcome.state == "queued"
    async with store.read() as tx:
        assert await tx.subscriptions.due(clock.moment) == []
        assert await tx.subscriptions.due(MONDAY + timedelta(weeks=1)) == [subscription.id]
    assert await running.make_due(MONDAY, everyone=False) == []


async def test_changed_holidays_recalculate_the_due_times(store: Store, clock: FixedClock) -> None:
    """An import moves a municipality to another state."""
    town = Town(store, clock)
    await subscriber(store, "p0")
    await town.step("municipality", 0)
    clock.moment = datetime(2027, 10, 26, 12, tzinfo=UTC)
    await town.step("weekday", 0)  # 1 November is a holiday in Bavaria only
    await town.step("look", 0)
    async with store.read() as tx:
        before = await tx.connection.scalar(select(subscription.c.next_due_at))
    moved = Gazetteer([Municipality(id="1", name="Cottbus", state="Bayern")])
    town.digests._gazetteer = lambda: moved
    await town.step("look", 0)
    async with store.read() as tx:
        after = await tx.connection.scalar(select(subscription.c.next_due_at))
    assert (before, after) == (datetime(2027, 11, 1, 7, tzinfo=UTC), datetime(2027, 11, 2, 7, tzinfo=UTC))


async def test_digest_ends_at_once_when_its_private_chat_is_gone(store: Store) -> None:
    subscription = await subscriber(store, "anna")
    async with store.begin() as tx:
        await tx.conversations.gone("fake", "chat-of-anna", "blocked")
        assert not (await tx.subscriptions.get(subscription.id) or subscription).is_on
