"""Single events of an introduction, on a real store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from knowledge_base.introductions.values import ContactAnswer, Outcome, State
from knowledge_base.store.consents import ConsentAction
from knowledge_base.store.tables import outbox
from tests.bot.features.digests.test_due import Counted
from tests.bot.features.introductions.world import ASKERS, CHANNELS, CONTACTS, World
from tests.introducing import LEAD, MOBILITY
from tests.wording import says

ANNA, TOM = ASKERS
LEADS, MOBILE = CONTACTS


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    template, search = await World.template(tmp_path)
    made = await World.make(template, search, tmp_path / "world.db")
    yield made
    await made.store.close()


async def asked(world: World, who: tuple[str, str] = ANNA) -> str:
    """Send a request; return its code."""
    await world.asks(who)
    assert await world.agrees(who, world.codes[-1]) in ("intro.sent", "intro.queued")
    await world.delivers("email")
    await world.time()
    return world.codes[-1]


async def now(world: World, code: str) -> tuple[State, Outcome | None]:
    async with world.store.read() as tx:
        introduction = await tx.introductions.by_code(code)
    assert introduction is not None
    return introduction.state, introduction.outcome


def heard(world: World, conversation: str) -> list[str]:
    return [text for _, _, where, text in world.delivered.values() if where == conversation]


async def test_contact_gets_at_most_two_requests_a_week_and_the_third_waits(world: World) -> None:
    guests = [("matrix", f"@guest{number}:potsdam.example") for number in range(3)]
    codes = []
    for guest in guests:
        await world.arrives(guest)
        codes.append(await asked(world, guest))
    assert [(await now(world, code))[0] for code in codes] == [State.DELIVERED, State.DELIVERED, State.QUEUED]
    assert len(heard(world, LEAD)) == 2
    await world.time(timedelta(days=7))
    await world.delivers("email")
    assert (await now(world, codes[2]))[0] is State.SENT
    assert sum(says("intro.request", text) for text in heard(world, LEAD)) == 3


async def test_queued_request_skips_a_contact_who_paused_meanwhile(world: World) -> None:
    guests = [("matrix", f"@guest{number}:potsdam.example") for number in range(3)]
    for guest in guests:
        await world.arrives(guest)
        await asked(world, guest)
    async with world.store.begin() as tx:
        person = await tx.people.of_account(*LEADS)
        assert person is not None
        await tx.profiles.set(person.id, paused_until=world.store.now() + timedelta(days=100))
    await world.time(timedelta(days=7))
    await world.delivers("email")
    assert any(says("intro.request", text) for text in heard(world, MOBILITY))


async def test_request_goes_to_the_next_contact_if_the_first_one_objects(world: World) -> None:
    code = await asked(world)
    await world.objects(LEADS)
    await world.delivers("email")
    assert sum(says("intro.request", text) for text in heard(world, MOBILITY)) == 1
    assert len(heard(world, LEAD)) == 1, "no reminder, no second word"
    await world.objects(CONTACTS[1])
    assert (await now(world, code)) == (State.CLOSED, Outcome.NOT_ARRANGED)
    await world.delivers("matrix")
    assert sum(says("intro.not_arranged", text) for text in heard(world, ANNA[1])) == 1


async def test_unsent_request_does_not_reach_a_contact_who_objects(world: World) -> None:
    await world.asks(ANNA)
    await world.agrees(ANNA, world.codes[-1])
    await world.objects(LEADS)
    await world.delivers("email")
    assert heard(world, LEAD) == []
    assert len(heard(world, MOBILITY)) == 1
    async with world.store.read() as tx:
        assert await tx.introductions.planned("c-lead", world.store.now() - timedelta(days=7)) == []


async def test_contact_who_said_never_again_gets_no_request_of_a_returning_asker(world: World) -> None:
    code = await asked(world)
    assert await world.answers(LEADS, code, ContactAnswer.NEVER_AGAIN) == "intro.answered_never_again"
    await world.time(timedelta(days=60))
    await world.is_erased(ANNA)
    await world.arrives(ANNA)
    code = await asked(world)
    assert any(says("intro.request", text) for text in heard(world, MOBILITY))
    async with world.store.read() as tx:
        introduction = await tx.introductions.by_code(code)
    assert introduction is not None
    assert introduction.contact == "c-mobility"


async def test_asker_who_erases_their_data_and_returns_keeps_the_daily_limit(tmp_path: Path) -> None:
    template, search = await World.template(tmp_path)
    world = await World.make(template, search, tmp_path / "w.db", introductions={"per_day": 1})
    await asked(world)
    await world.is_erased(ANNA)
    await world.arrives(ANNA)
    assert await world.asks(ANNA) == "intro.cap_day"
    await world.time(timedelta(days=2))
    assert await world.asks(ANNA) == "drafted"
    await world.store.close()


async def test_contact_is_not_told_of_a_request_withdrawn_before_it_was_sent(world: World) -> None:
    await world.asks(ANNA)
    code = world.codes[-1]
    await world.agrees(ANNA, code)
    assert await world.withdraws(ANNA, code) == "intro.withdrawn"
    for channel in CHANNELS:
        await world.delivers(channel)
    assert world.delivered == {}
    async with world.store.read() as tx:
        assert await tx.introductions.planned("c-lead", world.store.now() - timedelta(days=7)) == []


async def test_consent_ledger_holds_start_and_end_of_the_consent_of_both_sides(world: World) -> None:
    code = await asked(world)
    await world.answers(LEADS, code, ContactAnswer.YES, "email")
    await world.time(timedelta(days=15))
    await world.time(timedelta(days=15))
    async with world.store.read() as tx:
        introduction = await tx.introductions.by_code(code)
        assert introduction is not None
        entries = [await tx.consents.of(person) for person in (introduction.asker, introduction.contact_person)]
    for side in entries:
        assert [entry.what for entry in side] == [ConsentAction.GIVEN, ConsentAction.ENDED]
        assert side[0].event_id == "event"
        assert side[0].text_hash
        assert side[0].purpose == f"introduction:{introduction.id}"


async def test_repeated_and_parallel_timer_runs_have_no_additional_effect(world: World) -> None:
    code = await asked(world)
    world.clock.advance(days=4)
    await asyncio.gather(*(world.time() for _ in range(4)))
    await world.time()
    async with world.store.read() as tx:
        keys = [row.key for row in await tx.connection.execute(select(outbox.c.key))]
    assert (await now(world, code))[0] is State.DELIVERED  # reminded
    world.clock.advance(days=30)
    await asyncio.gather(*(world.time() for _ in range(4)))
    assert (await now(world, code)) == (State.CLOSED, Outcome.NOT_ARRANGED)
    assert len(keys) == len(set(keys))


async def test_timer_run_writes_nothing_while_a_request_waits(world: World) -> None:
    await world.asks(ASKERS[0])
    await world.agrees(ASKERS[0], world.codes[0])
    await world.time()
    counted = Counted(world.store)
    await world.time()
    assert counted.counts["write"] == 0, "it waits to be sent"
    await world.delivers("email")
    await world.time()
    assert counted.counts["write"] > 0
    counted.counts.clear()
    await world.time()
    assert counted.counts["write"] == 0, "it waits for the contact"


async def test_yes_of_a_contact_without_contact_data_to_share_does_not_count(world: World) -> None:
    code = await asked(world)
    for kinds in ((), ("matrix",), ("nonsense",), ("=",)):
        assert await world.answers(LEADS, code, ContactAnswer.YES, *kinds) == "intro.share_something"
        assert (await now(world, code))[0] is State.DELIVERED
    assert await world.answers(LEADS, code, ContactAnswer.YES, "=Tel. 0355 / 99") == "intro.answered_yes"
    await world.delivers("matrix")
    assert "0355 / 99" in heard(world, ANNA[1])[-1]


async def test_contact_and_asker_on_telegram_get_links_instead_of_personal_data(world: World) -> None:
    async with world.store.begin() as tx:  # the lead uses Telegram
        mail = await tx.profiles.person_of_address(LEAD)
        chat = await tx.people.identify("telegram", "99", private_conversation="99")
        await tx.profiles.merge(mail.id, chat.id)
        await tx.profiles.set(chat.id, prefers="telegram")
        await tx.people.switch_off(chat.id, "email")
    await world.asks(TOM)
    code = world.codes[-1]
    await world.agrees(TOM, code)
    await world.delivers("telegram")
    assert len(heard(world, "99")) == 1
    assert "Dezernat" not in heard(world, "99")[0]
    assert "Wie habt ihr" not in heard(world, "99")[0]
    await world.answers(("telegram", "99"), code, ContactAnswer.YES, "email")
    await world.delivers("telegram")
    for reader in ("99", TOM[1]):
        assert LEAD not in "".join(heard(world, reader))
        assert "canary" not in "".join(heard(world, reader))
        assert len(heard(world, reader)) >= 1
