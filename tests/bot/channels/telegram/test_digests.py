"""Telegram refuses calls and loses replies: no user gets a digest twice, and unclear ones are listed (I4, I5)."""

from __future__ import annotations

import asyncio
import math
import os
import random
import statistics
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from knowledge_base.store.database import Store, utc_now
from knowledge_base.store.subscriptions import ON
from tests.bot.channels.telegram.rig import REAL, Rig, make_settings, running
from tests.telegram_api import LoopbackApi, User
from tests.telegram_api.faults import Fault, broken, flood

FIRST_ID = 10_000


async def subscribe(rig: Rig, count: int) -> list[User]:
    """Users who have written to the bot and subscribed to digests."""
    people = [rig.world.user(FIRST_ID + number) for number in range(count)]
    async with rig.store.begin() as tx:
        for person in people:
            rig.world.private(person).started = True
            chat = str(rig.world.private(person).id)
            known = await tx.people.identify("telegram", str(person.id), private_conversation=chat)
            subscription = tx.subscriptions.fresh("telegram", person_id=known.id)
            await tx.subscriptions.save(replace(subscription, state=ON, topics=("mobility",)))
    return people


def trouble(rig: Rig, people: list[User], seed: int) -> set[int]:
    """One user in ten blocks the bot, and some calls fail. Return the ids of the users who blocked it."""
    chance = random.Random(seed)
    blocked = set()
    for person in people:
        if chance.random() < 0.1:
            rig.world.private(person).blocked = True
            blocked.add(person.id)
    some = max(1, len(people) // 20)
    for kind in range(some):
        fault = (
            flood("sendMessage", 1),
            broken("sendMessage", 502),
            Fault("sendMessage", "reply_lost"),
            Fault("sendMessage", "drop"),
            Fault("sendMessage", "refuse", code=500),
            Fault("sendMessage", "hang", seconds=1.0),
        )[kind % 6]
        after = chance.randint(0, len(people) * 3 // 4)
        rig.api.fail(replace(fault, after=after, where=lambda params: int(params["chat_id"]) >= FIRST_ID))
    return blocked


async def sent_and_settled(store: Store) -> None:
    """Wait until no digest waits any more."""
    async with asyncio.timeout(300):
        while True:
            async with store.read() as tx:
                rows = await tx.connection.exec_driver_sql(
                    "SELECT count(*) FROM outbox WHERE urgency = 2 AND state IN ('new', 'leased')"
                )
                if not rows.scalar_one():
                    return
            await asyncio.sleep(0.1)


def limits_were_kept(rig: Rig) -> None:
    """Check that the bot kept Telegram's rate limit and never retried sooner than Telegram said."""
    sends = sorted(rig.api.called("sendMessage"), key=lambda call: call.at)
    done = [call.at for call in sends if call.status == 200]
    assert all(later - first >= 0.98 for first, later in zip(done, done[31:], strict=False))
    for refused in (call for call in sends if call.status == 429):
        chat = refused.params["chat_id"]
        again = (call.at for call in sends if call.at > refused.at and call.params["chat_id"] == chat)
        assert next(again, math.inf) - refused.at >= 0.98


async def campaign(rig: Rig, count: int, seed: int, *, questions: int) -> list[float]:
    """Send digests; return how long answers took meanwhile, in seconds."""
    people = await subscribe(rig, count)
    blocked = trouble(rig, people, seed)
    rig.bot.digests._first_send = 0
    running = asyncio.create_task(rig.bot.digests.make_due(utc_now() + timedelta(days=8)))
    took = []
    for number in range(questions):
        began = time.perf_counter()
        await rig.ask(rig.world.user(11 + number % 10), "hilfe")  # of one person Telegram takes one message a second
        took.append(time.perf_counter() - began)
    outcomes = await running
    assert Counter(outcome.state for outcome in outcomes) == {"queued": count}
    await sent_and_settled(rig.store)
    async with rig.store.begin() as tx:
        await tx.digests.settle()
        unclear = {message.conversation for message in await tx.doubtful.all()}
        ids = await tx.subscriptions.all_on()
        on = {subscriber.subscription.person_id for subscriber in await tx.subscriptions.subscribers(ids, "9999-W01")}
        known = {person.id: await tx.people.of_account("telegram", str(person.id)) for person in people}
    for person in people:
        got = sum("Ihr Wochenbrief" in message.text for message in rig.world.said(person))
        assert got <= 1, "doubled"
        if person.id in blocked:
            stays = known[person.id]
            assert got == 0
            assert stays is not None
            assert stays.id not in on or str(person.id) in unclear
        else:
            assert got == 1 or str(person.id) in unclear, "lost, and nobody knows"
    return took


@pytest.mark.slow
async def test_no_digest_is_lost_or_sent_twice_with_twenty_recipients(rig: Rig) -> None:
    await campaign(rig, 20, seed=1, questions=1)


@pytest.mark.campaign
async def test_no_digest_is_lost_or_sent_twice_with_1000_recipients_at_real_limits(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    began = time.monotonic()
    async with running(api, live_store, make_settings(api, tmp_path), REAL) as rig:
        took = await campaign(rig, 1_000, seed=int(os.environ.get("SEED", "1")), questions=30)
        limits_were_kept(rig)
    statuses = Counter(call.status for call in api.called("sendMessage"))
    print(f"{time.monotonic() - began:.0f} s; replies by status (0: none): {dict(statuses)}")
    print(f"answers meanwhile: p50 {statistics.median(took):.2f} s, p95 {statistics.quantiles(took, n=20)[-1]:.2f} s")
