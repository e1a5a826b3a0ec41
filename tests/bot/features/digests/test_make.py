"""Making digests: once for each subscriber, on both databases, also if several processes run at the same time."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from bot.channels.policy import DataClass, may_pass
from bot.features.digests.make import DigestMaker
from bot.outgoing.links import Links
from config.settings import Settings
from knowledge_base.codec import to_body
from knowledge_base.digests.schedule import BERLIN, Week
from knowledge_base.model import Municipality, Project, RecordKind
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.store.database import Store
from knowledge_base.store.digests import Digests as NewsRows
from knowledge_base.store.digests import News
from knowledge_base.store.subscriptions import OFF, ON, Subscription
from knowledge_base.store.tables import outbox
from tests.conftest import FixedClock

MONDAY = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
PLACES = Gazetteer([Municipality(id="1", name="Cottbus", state="Brandenburg")])


def digests(store: Store, **values: int) -> DigestMaker:
    carries = partial(may_pass, data=DataClass.TEXT_OF_OTHERS, settings=Settings())
    return DigestMaker(store, lambda: PLACES, Links("https://bot.example", b"x" * 32), carries=carries, **values)


async def subscriber(store: Store, name: str, channel: str = "fake") -> Subscription:
    async with store.begin() as tx:
        person = await tx.people.identify(channel, name, private_conversation=f"chat-of-{name}")
        return await tx.subscriptions.save(replace(tx.subscriptions.fresh(channel, person_id=person.id), state=ON))


async def news(store: Store, name: str) -> None:
    project = Project(id=name, title=name, text="Ein Rufbus.", topics=("Mobilität",), municipality="Cottbus")
    async with store.begin() as tx:
        await tx.records.edit(RecordKind.PROJECT, name, to_body(project))


async def queued(store: Store) -> Counter[tuple[str, str]]:
    """How many messages wait for each conversation and week."""
    async with store.read() as tx:
        rows = await tx.connection.exec_driver_sql("SELECT conversation, key FROM outbox WHERE state = 'new'")
        return Counter((row[0], row[1].rpartition(":")[2]) for row in rows if row[1].startswith("digest:"))


async def rows(store: Store) -> dict[tuple[str, str], str]:
    """The state of each week of each subscription."""
    async with store.read() as tx:
        result = await tx.connection.exec_driver_sql("SELECT subscription_id, week, state FROM digest_run")
        return {(row[0], row[1]): row[2] for row in result}


async def test_parallel_runs_make_one_digest_for_each_subscriber(store: Store, clock: FixedClock) -> None:
    for number in range(23):
        await subscriber(store, f"p{number}")
    clock.advance(days=1)
    await news(store, "bus")
    results = await asyncio.gather(*(digests(store).make_due(MONDAY) for _ in range(3)))
    states = Counter(outcome.state for outcomes in results for outcome in outcomes)
    assert states["queued"] == 23
    result = await queued(store)
    assert len(result) == 23
    assert set(result.values()) == {1}


async def test_run_overtaken_by_another_run_keeps_the_digest_of_the_other(store: Store, clock: FixedClock) -> None:
    """One run found a due subscription; before it reads on, another run makes the digest. That digest stays."""
    await subscriber(store, "anna")
    clock.advance(days=1)
    await news(store, "bus")
    slow = digests(store)
    choose = slow._choose

    async def overtaken(*arguments: object) -> object:
        assert [outcome.state for outcome in await digests(store).make_due(MONDAY)] == ["queued"]
        return await choose(*arguments)  # type: ignore[arg-type]

    slow._choose = overtaken  # type: ignore[method-assign,assignment]
    assert [outcome.reason for outcome in await slow.make_due(MONDAY)] == ["served"]
    async with store.read() as tx:
        assert await tx.outbox.count() == {"new": 1}


async def test_entry_published_during_a_run_appears_in_the_next_digest(
    store: Store, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run reads the news and the revision up to which all news count as sent: both at the same moment."""
    await subscriber(store, "anna")
    clock.advance(days=1)
    await news(store, "bus")
    read = NewsRows.news
    writes: list[asyncio.Task[None]] = []

    async def overtaken(rows: NewsRows, kind: RecordKind, since: datetime, limit: int) -> list[News]:
        result = await read(rows, kind, since, limit)
        if kind is RecordKind.EVENT and not writes:
            writes.append(asyncio.create_task(news(store, "late")))
            await asyncio.wait(writes, timeout=0.3)  # SQLite lets it wait until the run has read
        return result

    monkeypatch.setattr(NewsRows, "news", overtaken)
    await digests(store).make_due(MONDAY)
    await asyncio.gather(*writes)
    async with store.begin() as tx:
        await tx.connection.execute(update(outbox).values(state="sent"))
    (outcome,) = await digests(store).make_due(MONDAY + timedelta(weeks=1))
    assert outcome.items == ("project:late",)


async def test_processes_with_clocks_an_hour_apart_make_one_digest(store: Store, clock: FixedClock) -> None:
    await subscriber(store, "anna")
    clock.advance(days=1)
    await news(store, "bus")
    hours = (timedelta(hours=number) for number in (1, 0, -1, 1))
    states = [outcome.state for ahead in hours for outcome in await digests(store).make_due(MONDAY + ahead)]
    assert states.count("queued") == 1
    assert set((await queued(store)).values()) == {1}


async def test_dry_run_of_digests_stores_nothing(store: Store, clock: FixedClock) -> None:
    await subscriber(store, "anna")
    clock.advance(days=1)
    await news(store, "bus")
    (outcome,) = await digests(store).make_due(MONDAY, dry_run=True)
    assert (outcome.state, outcome.items, str(outcome.week)) == ("due", ("project:bus",), "2026-W49")
    assert not await queued(store)
    assert [outcome.state for outcome in await digests(store).make_due(MONDAY)] == ["queued"]
    assert [(outcome.state, outcome.reason) for outcome in await digests(store).make_due(MONDAY)] == [
        ("skipped", "served")
    ]


async def test_digest_is_not_sent_if_the_subscription_changes_during_the_run(store: Store, clock: FixedClock) -> None:
    """The run drops the digest made for the old subscription; the next check uses the new one."""
    subscription = await subscriber(store, "anna")
    clock.advance(days=1)
    await news(store, "bus")
    maker = digests(store)
    choose = maker._choose

    async def and_meanwhile(*arguments: object) -> object:
        made = await choose(*arguments)  # type: ignore[arg-type]
        async with store.begin() as tx:
            await tx.subscriptions.save(replace(subscription, state=OFF))
        return made

    maker._choose = and_meanwhile  # type: ignore[method-assign,assignment]
    assert [outcome.reason for outcome in await maker.make_due(MONDAY)] == ["changed_meanwhile"]
    assert not await queued(store)


@pytest.mark.parametrize("by_mail", [True, False])
async def test_unopened_topic_is_offered_to_drop_in_a_chat_but_not_by_mail(
    by_mail: bool, sqlite_store: Store, clock: FixedClock
) -> None:
    """The bot cannot see what a user opens in a mail, so it does not offer there to drop a topic."""
    subscription = replace(
        await subscriber(sqlite_store, "anna"), topics=("mobility", "health"), unopened={"mobility": 6}
    )
    if by_mail:
        subscription = replace(subscription, channel="email", conversation="rad@stadt.example")
    async with sqlite_store.begin() as tx:
        await tx.subscriptions.save(subscription)
    clock.advance(days=1)
    await news(sqlite_store, "bus")
    await digests(sqlite_store).make_due(MONDAY)
    async with sqlite_store.read() as tx:
        payload = (await tx.connection.exec_driver_sql("SELECT payload FROM outbox")).scalar_one()
        after = await tx.subscriptions.get(subscription.id)
    assert ("digest.bored" in payload) is not by_mail
    assert after is not None
    assert after.unopened == ({"mobility": 6} if by_mail else {})


async def test_digest_by_mail_has_an_unsubscribe_link(sqlite_store: Store, clock: FixedClock) -> None:
    subscription = await subscriber(sqlite_store, "anna")
    async with sqlite_store.begin() as tx:
        await tx.subscriptions.save(replace(subscription, channel="email", conversation="rad@stadt.example"))
    clock.advance(days=1)
    await news(sqlite_store, "bus")
    (outcome,) = await digests(sqlite_store).make_due(MONDAY)
    assert outcome.channel == "email"
    links = Links("https://bot.example", b"x" * 32)
    async with sqlite_store.read() as tx:
        page = await tx.pages.get(links.at_rest(links.token(outcome.message_id, "unsubscribe")))
        assert page is not None
        assert (page.kind, page.subject, page.person_id) == ("unsubscribe", "digest", subscription.person_id)
        (row,) = await tx.connection.exec_driver_sql("SELECT conversation FROM outbox")
        assert row[0] == "rad@stadt.example"


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("pass"), st.integers(1, 9 * 24)),
            st.tuples(st.just("news"), st.just(0)),
            st.tuples(st.just("off"), st.integers(0, 3)),
            st.tuples(st.just("on"), st.integers(0, 3)),
            st.tuples(st.just("pause"), st.integers(0, 3)),
            st.tuples(st.just("weekday"), st.integers(0, 6)),
            st.tuples(st.just("run"), st.integers(1, 3)),
        ),
        min_size=5,
        max_size=30,
    )
)
async def test_no_subscriber_gets_two_digests_of_a_week_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    clock = FixedClock()
    store = await Store.open(f"sqlite:///{tmp_path_factory.mktemp('weeks') / 'db'}", clock=clock)
    try:
        subscriptions = [await subscriber(store, f"p{number}") for number in range(4)]
        for step, (action, number) in enumerate(steps):
            await _step(store, clock, subscriptions, action, number, step)
        result = await queued(store)
        assert set(result.values()) <= {1}
        for _, week in result:
            assert Week.parse(week).monday <= clock.moment.astimezone(BERLIN).date()
    finally:
        await store.close()


async def _step(
    store: Store, clock: FixedClock, subscriptions: list[Subscription], action: str, number: int, step: int
) -> None:
    if action == "pass":
        clock.advance(hours=number)
    elif action == "news":
        await news(store, f"n{step}")
    elif action == "run":
        before = await rows(store)
        await asyncio.gather(*(digests(store).make_due(clock.moment) for _ in range(number)))
        after = await rows(store)
        assert {after[key] for key in after.keys() - before.keys()} <= {"queued", "empty"}, "none is taken away again"
    else:
        chosen = subscriptions[number % len(subscriptions)]
        changes = {
            "off": {"state": OFF},
            "on": {"state": ON, "paused_until": None},
            "pause": {"paused_until": clock.moment + timedelta(days=10)},
            "weekday": {"weekday": number},
        }[action]
        async with store.begin() as tx:
            known = await tx.subscriptions.get(chosen.id)
            assert known is not None
            await tx.subscriptions.save(replace(known, **changes))  # type: ignore[arg-type]
