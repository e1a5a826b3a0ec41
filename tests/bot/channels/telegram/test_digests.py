"""Digests over a Telegram that refuses and loses replies: nobody gets two, what is unclear is listed (I4, I5)."""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from knowledge_base.store.database import Store, utc_now
from knowledge_base.store.subscriptions import ON
from tests.bot.channels.telegram.rig import Rig
from tests.telegram_api import User
from tests.telegram_api.faults import Fault, broken, flood

FIRST_ID = 10_000


async def subscribe(rig: Rig, count: int) -> list[User]:
    """People who have met the bot, and want digests."""
    people = [rig.world.user(FIRST_ID + number) for number in range(count)]
    async with rig.store.begin() as tx:
        for person in people:
            rig.world.private(person).started = True
            chat = str(rig.world.private(person).id)
            known = await tx.people.identify("telegram", str(person.id), private_conversation=chat)
            wish = tx.subscriptions.fresh("telegram", person_id=known.id)
            await tx.subscriptions.save(replace(wish, state=ON, topics=("mobility",)))
    return people


def trouble(rig: Rig, people: list[User], seed: int) -> set[int]:
    """One in ten blocks the bot; the network errs here and there. Returns who blocked it."""
    chance = random.Random(seed)
    blocked = set()
    for person in people:
        if chance.random() < 0.1:
            rig.world.private(person).blocked = True
            blocked.add(person.id)
    some = max(1, len(people) // 20)
    for kind in range(some):
        after = chance.randint(0, 5)
        fault = (
            flood("sendMessage", 1),
            broken("sendMessage", 502),
            Fault("sendMessage", "reply_lost", after=after),
            Fault("sendMessage", "drop", after=after),
            Fault("sendMessage", "refuse", code=500, after=after),
        )[kind % 5]
        rig.api.fail(replace(fault, where=lambda params: int(params["chat_id"]) >= FIRST_ID))  # digests only
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


async def campaign(rig: Rig, count: int, seed: int, *, questions: int) -> list[float]:
    """A run; returns how long answers took meanwhile, in seconds."""
    people = await subscribe(rig, count)
    blocked = trouble(rig, people, seed)
    rig.bot.digests._first_send = 0
    running = asyncio.create_task(rig.bot.digests.run(utc_now() + timedelta(days=8)))
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
        unclear = {one.conversation for one in await tx.outbox.doubtful()}
        on = {one.subscription.person_id for one in await tx.subscriptions.page("", count + 1)}
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
async def test_twenty_recipients(rig: Rig) -> None:
    await campaign(rig, 20, seed=1, questions=1)


@pytest.mark.campaign
async def test_a_thousand_recipients(rig: Rig) -> None:
    took = await campaign(rig, 1_000, seed=int(os.environ.get("SEED", "1")), questions=30)
    print(f"answers meanwhile: p50 {statistics.median(took):.2f} s, p95 {statistics.quantiles(took, n=20)[-1]:.2f} s")
