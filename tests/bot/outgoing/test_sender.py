"""Sending: every outcome of a network, and the state after a kill."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import select

from bot.channels.port import TryLaterError, UnclearError, UndeliverableError
from bot.messages import Say
from bot.outgoing import retry
from bot.outgoing import sender as sender_module
from bot.outgoing.retry import ENOUGH, UNCLEAR, pause
from bot.outgoing.sender import Sender
from bot.texts import Texts
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.tables import outbox as rows
from tests.claims import claimed, leading, term, to_send
from tests.conftest import FixedClock
from tests.fakes import PATIENCE_S, FakeChannel, Fault, Hang, LostReply

TEXTS = Texts()
MINUTE = timedelta(minutes=1)


@pytest.fixture
def channel(request: pytest.FixtureRequest) -> FakeChannel:
    return FakeChannel(exactly_once=getattr(request, "param", False))


@asynccontextmanager
async def sending(store: Store, channel: FakeChannel, **parts: Callable[[], None]) -> AsyncIterator[Sender]:
    async with leading(store, channel.name) as leadership:
        sender = Sender(store, TEXTS, channel, leadership, **parts)
        task = asyncio.create_task(sender.run())
        yield sender
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()


async def put(
    store: Store, conversation: str = "a", urgency: Urgency = Urgency.ANSWER, number: int = 0, person: str | None = None
) -> None:
    payload = {"say": Say("pick.nothing", {"number": number}).to_json(), "language": "de", "answers": f"q{number}"}
    async with store.begin() as tx:
        await tx.outbox.add("fake", conversation, payload, urgency=urgency, person_id=person)


async def sent_once(store: Store, channel: FakeChannel, *faults: Fault) -> None:
    """Let the sender send what is due now."""
    channel.faults.extend(faults)
    async with sending(store, channel) as sender, asyncio.timeout(PATIENCE_S):
        await sender.idle()


async def states(store: Store) -> dict[str, int]:
    async with store.read() as tx:
        return await tx.outbox.count()


async def column(store: Store, name: str) -> list[object]:
    async with store.read() as tx:
        rows = await tx.connection.exec_driver_sql(f"SELECT {name} FROM outbox ORDER BY seq")
        return [row[0] for row in rows]


async def test_messages_are_sent_once_in_order_and_their_text_is_deleted(store: Store, channel: FakeChannel) -> None:
    for number in range(3):
        await put(store, number=number)
    await sent_once(store, channel)
    assert [message.answers for message in channel.delivered] == ["q0", "q1", "q2"]
    assert await states(store) == {"sent": 3}
    assert await column(store, "payload") == [None] * 3
    assert await column(store, "remote_id") == [f"sent-{message.id}" for message in channel.delivered]


async def test_answers_are_sent_before_notices_and_notices_before_bulk(
    store: Store, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "PARALLEL", 1)
    for number, urgency in enumerate((Urgency.BULK, Urgency.NOTICE, Urgency.ANSWER)):
        await put(store, f"c{number}", urgency, number)
    await sent_once(store, channel)
    assert [message.answers for message in channel.delivered] == ["q2", "q1", "q0"]


@pytest.mark.parametrize("channel", [True, False], indirect=True)
async def test_hanging_conversation_does_not_delay_others(
    sqlite_store: Store, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not channel.exactly_once:
        monkeypatch.setattr(sender_module, "SLOW_S", 0.01)
    hang = Hang()
    channel.faults.append(hang)
    await put(sqlite_store, "slow", number=0)
    async with sending(sqlite_store, channel) as sender:
        await hang.reached.wait()
        await put(sqlite_store, "slow", number=1)
        await put(sqlite_store, "quick", number=2)
        sender.wake()
        await channel.until(lambda: channel.answers_to("q2") == 1)
        assert channel.answers_to("q1") == 0
        hang.let_go.set()


async def test_retry_waits_as_long_as_the_network_says(store: Store, channel: FakeChannel, clock: FixedClock) -> None:
    await put(store, number=0)
    await put(store, number=1)
    await sent_once(store, channel, TryLaterError("flood", after=MINUTE))
    assert channel.delivered == []
    clock.advance(seconds=59)
    await sent_once(store, channel)
    assert channel.delivered == []
    clock.advance(seconds=1)
    await sent_once(store, channel)
    assert [message.answers for message in channel.delivered] == ["q0", "q1"]


async def test_bulk_waits_longer_than_answers_if_the_account_is_rate_limited(
    store: Store, channel: FakeChannel, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "PARALLEL", 1)
    for number, urgency in enumerate((Urgency.ANSWER, *[Urgency.BULK] * 3)):
        await put(store, f"c{number}", urgency, number)
    async with sending(store, channel) as sender, asyncio.timeout(PATIENCE_S):
        channel.faults.append(TryLaterError("429", after=MINUTE, everywhere=True))
        await sender.idle()
        assert len(channel.attempts) == 1, "the others would be refused, too"
        clock.advance(minutes=1)
        await sender.idle()
        assert [message.answers for message in channel.delivered] == ["q0"]
        clock.advance(minutes=1)
        await sender.idle()
        assert [message.answers for message in channel.delivered] == ["q0", "q1", "q2", "q3"]


@pytest.mark.parametrize("tried", [True, False])
async def test_answer_overtakes_bulk_messages_of_its_conversation(
    store: Store, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch, tried: bool
) -> None:
    monkeypatch.setattr(sender_module, "PARALLEL", 1)
    await put(store, urgency=Urgency.BULK, number=0)
    if tried:
        await sent_once(store, channel, TryLaterError("flood", after=MINUTE))
    await put(store, number=1)
    await sent_once(store, channel)
    assert [message.answers for message in channel.delivered] == (["q1"] if tried else ["q1", "q0"])


async def test_retry_pauses_grow_and_the_message_is_given_up_after_a_day(
    store: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await put(store)
    down = TryLaterError("down")
    for number in range(1, 5):
        await sent_once(store, channel, down)
        async with store.read() as tx:
            assert await tx.connection.scalar(select(rows.c.not_before)) == clock() + pause(number)
        clock.advance(seconds=pause(number).total_seconds())
    clock.advance(hours=24)
    await sent_once(store, channel, down)
    assert await states(store) == {"dead": 1}
    assert await column(store, "payload") == [None]


async def test_scheduled_message_does_not_delay_answers(store: Store, channel: FakeChannel, clock: FixedClock) -> None:
    async with store.begin() as tx:
        payload = {"say": Say("ask.empty").to_json(), "language": "de"}
        await tx.outbox.add("fake", "a", payload, urgency=Urgency.BULK, not_before=clock() + timedelta(days=2))
    await put(store)
    await sent_once(store, channel)
    assert [message.answers for message in channel.delivered] == ["q0"]


@pytest.mark.parametrize("gone", [True, False])
async def test_undeliverable_message_is_given_up_and_a_gone_chat_becomes_unreachable(
    store: Store, channel: FakeChannel, gone: bool
) -> None:
    async with store.begin() as tx:
        person = await tx.people.identify("fake", "anna", private_conversation="a")
    await put(store, person=person.id)
    await sent_once(store, channel, UndeliverableError("blocked", gone=gone))
    assert await states(store) == {"dead": 1}
    async with store.read() as tx:
        assert await tx.people.private_conversation("fake", "anna") == (None if gone else "a")


async def test_answer_with_unclear_delivery_is_sent_once_more(
    store: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await put(store)
    await sent_once(store, channel, TryLaterError("down"))
    clock.advance(seconds=5)
    await sent_once(store, channel, LostReply())
    clock.advance(seconds=5)
    await sent_once(store, channel)
    assert channel.answers_to("q0") == 2
    assert await states(store) == {"sent": 1}


async def test_answer_with_unclear_delivery_is_not_sent_a_third_time(
    store: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await put(store)
    for _ in range(4):
        await sent_once(store, channel, LostReply())
        clock.advance(minutes=1)
    assert channel.answers_to("q0") == 2
    assert await states(store) == {"unclear": 1}


async def test_notice_with_unclear_delivery_is_kept_and_reported(store: Store, channel: FakeChannel) -> None:
    told: list[int] = []
    await put(store, urgency=Urgency.NOTICE)
    channel.faults.append(LostReply())
    async with sending(store, channel, unclear=lambda: told.append(1)) as sender:
        await sender.idle()
    assert (len(channel.delivered), told, await states(store)) == (1, [1], {"unclear": 1})


@pytest.mark.parametrize("channel", [True], indirect=True)
@pytest.mark.parametrize("urgency", list(Urgency))
async def test_exactly_once_channel_repeats_an_unclear_message_until_it_is_sent(
    store: Store, channel: FakeChannel, urgency: Urgency, clock: FixedClock
) -> None:
    await put(store, urgency=urgency)
    for _ in range(5):
        await sent_once(store, channel, LostReply())
        clock.advance(minutes=1)
    await sent_once(store, channel)
    assert len(channel.delivered) == 1
    assert len(set(channel.attempts)) == 1
    assert await states(store) == {"sent": 1}


@pytest.mark.parametrize("channel", [True], indirect=True)
async def test_exactly_once_channel_does_not_repeat_an_unclear_message_after_a_day(
    store: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await put(store)
    await sent_once(store, channel, LostReply())
    clock.advance(hours=24)
    await sent_once(store, channel, UnclearError("down"))
    assert await states(store) == {"unclear": 1}


@pytest.mark.parametrize(
    ("exactly_once", "urgency", "state"),
    [(False, Urgency.ANSWER, "sent"), (False, Urgency.BULK, "unclear"), (True, Urgency.BULK, "sent")],
)
async def test_message_of_a_killed_sender_is_repeated_or_becomes_unclear(
    store: Store, exactly_once: bool, urgency: Urgency, state: str
) -> None:
    channel = FakeChannel(exactly_once=exactly_once)
    await put(store, urgency=urgency)
    for _ in range(3):  # killed three times between lease and result
        async with store.begin() as tx:
            await to_send(tx, "fake")
            for row in await tx.outbox.stranded(await term(tx, "fake"), ()):
                if state == "sent":
                    await tx.outbox.retry(row, not_before=tx.now, error=f"{UNCLEAR}killed")
    async with store.begin() as tx:
        await to_send(tx, "fake")
    await sent_once(store, channel)
    assert await states(store) == {state: 1}


async def test_error_in_an_adapter_loses_no_message(store: Store, channel: FakeChannel, clock: FixedClock) -> None:
    await put(store)
    await sent_once(store, channel, RuntimeError("bug"))
    clock.advance(minutes=1)
    await sent_once(store, channel)
    assert await states(store) == {"sent": 1}


async def test_message_that_cannot_be_rendered_is_given_up_and_delays_no_other(
    store: Store, channel: FakeChannel
) -> None:
    async with store.begin() as tx:
        await tx.outbox.add("fake", "a", {"say": {"key": "no.such"}}, urgency=Urgency.ANSWER)
    await put(store)
    await sent_once(store, channel)
    assert await states(store) == {"dead": 1, "sent": 1}


async def test_hanging_send_becomes_unclear(
    store: Store, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "SEND_WITHIN_S", 0.01)
    await put(store, urgency=Urgency.BULK)
    await sent_once(store, channel, Hang())
    assert await states(store) == {"unclear": 1}


async def test_result_of_a_send_is_stored_after_a_database_outage(
    sqlite_store: Store, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "FIRST_PAUSE", timedelta(seconds=0.01))
    hang = Hang()
    channel.faults.append(hang)
    monkeypatch.setattr(sender_module, "LOOK_AGAIN_S", 0.01)
    await put(sqlite_store, urgency=Urgency.BULK)
    async with sending(sqlite_store, channel) as sender:
        await hang.reached.wait()
        await _rename(sqlite_store, "outbox", "outbox_away")
        hang.let_go.set()
        for _ in range(20):
            await asyncio.sleep(0.005)
        await _rename(sqlite_store, "outbox_away", "outbox")
        async with asyncio.timeout(PATIENCE_S):
            await sender.idle()
    assert await states(sqlite_store) == {"unclear": 1}


async def _rename(store: Store, before: str, after: str) -> None:
    async with store.begin() as tx:
        await tx.connection.exec_driver_sql(f"ALTER TABLE {before} RENAME TO {after}")


async def test_idle_waits_for_messages_stored_just_before(sqlite_store: Store, channel: FakeChannel) -> None:
    async with sending(sqlite_store, channel) as sender:
        for number in range(20):
            await put(sqlite_store, number=number)
            await _in_time(sender.idle())
            assert channel.answers_to(f"q{number}") == 1


async def _in_time(work: Awaitable[None]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await work


@pytest.mark.parametrize(("exactly_once", "at_once"), [(True, 2), (False, 1)])
async def test_channel_without_exactly_once_sends_one_message_at_a_time(
    sqlite_store: Store, exactly_once: bool, at_once: int
) -> None:
    channel = FakeChannel(exactly_once=exactly_once)
    hangs = [Hang(), Hang()]
    channel.faults.extend(hangs)
    for number in range(2):
        await put(sqlite_store, f"c{number}", number=number)
    async with sending(sqlite_store, channel):
        await hangs[0].reached.wait()
        for _ in range(20):
            async with sqlite_store.read() as tx:
                await tx.outbox.count()
        assert len(channel.attempts) == at_once


async def test_message_whose_claim_lost_its_reply_is_sent_once(
    store: Store, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "LOOK_AGAIN_S", 0.01)
    await put(store, urgency=Urgency.BULK)
    async with sending(store, channel) as sender:
        await sender.idle()
        await put(store, urgency=Urgency.BULK, number=1)
        async with store.begin() as tx:  # the COMMIT comes through, its reply does not
            leadership = sender._leadership
            assert await claimed(tx, leadership.expect("fake"), limit=1)
        sender.wake()
        await channel.until(lambda: channel.answers_to("q1") == 1)
        await sender.idle()
    assert await states(store) == {"sent": 2}
    assert await column(store, "attempts") == [1, 1]


async def test_process_without_leadership_sends_nothing(store: Store, channel: FakeChannel) -> None:
    await put(store)
    async with sending(store, channel) as sender:
        await sender.idle()
        async with store.begin() as tx:
            await tx.processes.leave(sender._leadership.process)
            await tx.processes.sign("another", "elsewhere", {})
            assert await tx.processes.take("fake", "another") == 2
        await put(store, number=1)
        await sender._leadership.sign()
        sender.wake()
        await asyncio.sleep(0.05)
    assert channel.answers_to("q1") == 0
    assert await states(store) == {"new": 1, "sent": 1}


async def test_conversations_take_turns(store: Store, channel: FakeChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender_module, "PARALLEL", 1)
    for number in range(3):
        await put(store, "flood", number=number)
    await put(store, "quiet", number=9)
    await sent_once(store, channel)
    assert [message.answers for message in channel.delivered] == ["q0", "q9", "q1", "q2"]


PACED = TryLaterError("rate limit", after=timedelta(seconds=1), paced=True)


async def test_delay_by_our_own_rate_limit_does_not_count_as_an_attempt(
    store: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await put(store)
    for _ in range(7):
        await sent_once(store, channel, PACED)
        assert await column(store, "attempts") == [0]
        clock.advance(seconds=1)
    await sent_once(store, channel, TryLaterError("down"))
    async with store.read() as tx:
        waits_until = await tx.connection.scalar(select(rows.c.not_before))
    assert waits_until == clock() + pause(1), "a first failure waits as a first one does"


@pytest.mark.parametrize("days", [3, 400])
async def test_message_delayed_by_our_own_rate_limit_is_never_given_up(
    store: Store, channel: FakeChannel, clock: FixedClock, days: int
) -> None:
    await put(store)
    clock.advance(days=days)
    for _ in range(ENOUGH + 1):
        await sent_once(store, channel, PACED)
        clock.advance(seconds=1)
    await sent_once(store, channel)
    assert await states(store) == {"sent": 1}


async def test_old_message_is_given_up_only_after_enough_attempts(
    store: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await put(store)
    clock.advance(days=3)
    for _ in range(ENOUGH - 1):
        await sent_once(store, channel, TryLaterError("down"))
        clock.advance(minutes=5)
    assert await states(store) == {"new": 1}
    await sent_once(store, channel, TryLaterError("down"))
    assert await states(store) == {"dead": 1}


async def test_message_delayed_by_our_own_rate_limit_keeps_its_place(
    store: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await put(store, number=0)
    await sent_once(store, channel, PACED)
    await put(store, number=1)
    await sent_once(store, channel)
    assert channel.delivered == []
    clock.advance(seconds=1)
    await sent_once(store, channel)
    assert [message.answers for message in channel.delivered] == ["q0", "q1"]


async def test_unclear_message_stays_unclear_while_our_own_rate_limit_delays_it(
    store: Store, channel: FakeChannel, clock: FixedClock
) -> None:
    await put(store)
    await sent_once(store, channel, LostReply())
    clock.advance(minutes=1)
    await sent_once(store, channel, PACED)
    (error,) = await column(store, "error")
    assert str(error).startswith(UNCLEAR)
