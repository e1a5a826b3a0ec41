"""The store as a whole, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from knowledge_base.model import RecordKind
from knowledge_base.store.answers import GivenAnswer
from knowledge_base.store.database import Store
from knowledge_base.store.inbox import Received
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.tables import inbox, record
from tests.claims import to_handle, to_send

PROJECT = {"id": "p1", "title": "Title", "text": "Text"}


ANSWER = GivenAnswer(id="a1", channel="test", event_id="$q", sure=True, language="de", shown=("p1", "p2"))


class BoomError(Exception):
    pass


async def test_failing_transaction_stores_nothing(store: Store) -> None:
    with pytest.raises(BoomError):  # noqa: PT012
        async with store.begin() as tx:
            await tx.records.edit(RecordKind.PROJECT, "p1", dict(PROJECT))
            await tx.facts.put("x", 1)
            raise BoomError
    async with store.read() as tx:
        assert await tx.records.get(RecordKind.PROJECT, "p1") is None
        assert await tx.facts.get("x") is None


async def test_stored_times_are_read_back_with_a_time_zone(store: Store) -> None:
    async with store.begin() as tx:
        await tx.records.edit(RecordKind.PROJECT, "p1", dict(PROJECT))
    async with store.read() as tx:
        stored = await tx.records.get(RecordKind.PROJECT, "p1")
    assert stored is not None
    assert stored.updated_at == store.now()
    assert stored.updated_at.tzinfo is not None


async def test_every_record_change_raises_the_revision(store: Store) -> None:
    async with store.begin() as tx:
        await tx.records.edit(RecordKind.PROJECT, "p1", dict(PROJECT))
    async with store.begin() as tx:
        assert await tx.records.edit(RecordKind.PROJECT, "p1", dict(PROJECT)) == frozenset()
        assert await tx.records.edit(RecordKind.PROJECT, "p1", PROJECT | {"text": "New"}) == {"text"}
    async with store.begin() as tx:
        assert await tx.records.remove([(RecordKind.PROJECT, "p1"), (RecordKind.PROJECT, "nobody")]) == [
            (RecordKind.PROJECT, "p1")
        ]
    async with store.read() as tx:
        assert await tx.records.revision() == 3
        changed = select(record.c.id).where(record.c.revision > 2)
        assert list(await tx.connection.scalars(changed)) == ["p1"]
        assert [r.id async for r in tx.records.stream()] == []


async def test_concurrent_writers_wait_for_each_other(store: Store) -> None:
    async def write() -> None:
        async with store.begin() as tx:
            await tx.records.next_revision()

    await asyncio.gather(*(write() for _ in range(40)))
    async with store.read() as tx:
        assert await tx.records.revision() == 40


async def test_urgent_transaction_waits_for_at_most_two_writers(store: Store) -> None:
    order: list[str] = []

    async def write(name: str, *, first: bool = False) -> None:
        async with store.begin(first=first) as tx:
            order.append(name)
            await tx.facts.put(name, 1)

    async with asyncio.TaskGroup() as writers:
        for number in range(10):
            writers.create_task(write(str(number)))
        while not order:  # noqa: ASYNC110
            await asyncio.sleep(0)
        writers.create_task(write("first", first=True))
    assert len(order) == 11
    if store.is_sqlite:
        assert order.index("first") <= 2


async def test_inbox_stores_each_event_of_a_batch_once_and_in_order(store: Store) -> None:
    def received(number: int) -> Received:
        return Received("test", f"${number}", f"room{number % 3}", "anna", {"text": str(number)})

    async with store.begin() as tx:
        assert await tx.inbox.add([received(number) for number in range(0, 1_500, 2)]) == 750
    batch = [received(number) for number in range(1_500)]
    async with store.begin() as tx:
        assert await tx.inbox.add([*batch, *batch], most_of_one=1_400) == 650
        assert await tx.inbox.count() == {"new": 1_400, "done": 100}
        rows = await tx.connection.execute(select(inbox.c.event_id).order_by(inbox.c.seq))
    assert [event for (event,) in rows][750:] == [f"${number}" for number in range(1, 1_500, 2)]


async def test_inbox_stores_and_handles_an_event_once(store: Store) -> None:
    message = Received("test", "$1", "!room", "@a", {"text": "hello"})
    async with store.begin() as tx:
        assert await tx.inbox.add([message, message]) == 1
        await tx.inbox.set_cursor("test", "s1")
    async with store.begin() as tx:
        assert await tx.inbox.add([message]) == 0
        (row,) = await to_handle(tx)
        assert row.payload == {"text": "hello"}
        assert await tx.inbox.done(row)
        assert not await tx.inbox.done(row)
        author = await tx.people.identify("test", "@a", private_conversation=None, returns=False)
        assert await tx.inbox.asked_since(author.id, tx.now - timedelta(hours=1)) == 0
        await tx.inbox.mark(row, "asked")
        assert await tx.inbox.asked_since(author.id, tx.now - timedelta(hours=1)) == 1
        assert await tx.inbox.asked_since("somebody else", tx.now - timedelta(hours=1)) == 0
        assert (await tx.inbox.count())["done"] == 1
        assert await tx.inbox.add([message]) == 0
        assert await to_handle(tx) == []
        assert await tx.inbox.cursor("test") == "s1"


async def test_the_outbox_keeps_the_order_of_a_conversation(store: Store) -> None:
    async with store.begin() as tx:
        for number, room in enumerate(("!a", "!a", "!b")):
            await tx.outbox.add("test", room, {"n": number}, urgency=Urgency.ANSWER)
    async with store.begin() as tx:
        first = await to_send(tx, "test")
        assert [row.payload["n"] for row in first] == [0, 2]
        assert await to_send(tx, "test") == []
        await tx.outbox.sent(first[0], "$x")
        assert await tx.outbox.by_remote_id("test", "$x") == first[0].id
        assert [row.payload["n"] for row in await to_send(tx, "test")] == [1]


async def test_answer_is_sent_before_notices_stored_with_it_but_after_older_messages(store: Store) -> None:
    async with store.begin() as tx:
        await tx.outbox.add("test", "!a", {"n": "before"}, urgency=Urgency.ANSWER)
    store.now.advance(minutes=1)  # type: ignore[attr-defined]
    async with store.begin() as tx:
        for name, room in (("first notice", "!a"), ("elsewhere", "!b"), ("second notice", "!a")):
            await tx.outbox.add("test", room, {"n": name}, urgency=Urgency.NOTICE)
        await tx.outbox.add("test", "!a", {"n": "answer"}, urgency=Urgency.ANSWER, message_id="m")
        await tx.outbox.first_of_all("m")
        await tx.outbox.add("test", "!a", {"n": "later"}, urgency=Urgency.NOTICE)
    order = []
    for _ in range(6):
        async with store.begin() as tx:
            for row in await to_send(tx, "test"):
                order.append((row.conversation, row.payload["n"]))
                await tx.outbox.sent(row, None)
    assert [name for room, name in order if room == "!a"] == [
        "before", "answer", "first notice", "second notice", "later",
    ]  # fmt: skip


async def test_message_with_a_key_is_stored_once(store: Store) -> None:
    async def say() -> bool:
        async with store.begin() as tx:
            return await tx.outbox.add("test", "!a", {}, urgency=Urgency.NOTICE, key="once")

    assert sorted(await asyncio.gather(*(say() for _ in range(10)))) == [False] * 9 + [True]


async def test_feedback_counts_each_user_once_and_can_change(store: Store) -> None:
    async with store.begin() as tx:
        anna = await tx.people.identify("test", "@a", private_conversation="!a")
        again = await tx.people.identify("test", "@a", private_conversation=None)
        assert (anna.new, again.new, anna.id) == (True, False, again.id)
        await tx.answers.add(ANSWER)
        await tx.answers.rate("a1", anna.id, False)
        await tx.answers.rate("a1", anna.id, True)
        count = await tx.answers.feedback(timedelta(days=30))
        assert (count.useful, count.not_useful, count.people) == (1, 0, 1)
        assert await tx.answers.shown("a1") == ("p1", "p2")


async def test_a_question_asked_again_is_counted(store: Store) -> None:
    async with store.begin() as tx:
        await tx.answers.not_answered("Wer baut Freibäder?", "wer baut freibaeder", "de")
        await tx.answers.not_answered("wer baut Freibäder", "wer baut freibaeder", "de")
        (question,) = await tx.answers.open_questions()
        assert question.times == 2
        assert await tx.answers.close_question(question.number)
        assert not await tx.answers.close_question(question.number)
        assert await tx.answers.open_questions() == []


async def test_retracted_question_is_deleted_but_not_the_same_question_of_others(store: Store) -> None:
    async with store.begin() as tx:
        for number in (1, 2):
            asked = await tx.answers.not_answered("Wer baut Freibäder?", "wer baut freibaeder", "de")
            given = replace(ANSWER, id=f"a{number}", event_id=f"$q{number}", sure=False, unanswered=asked)
            await tx.answers.add(given)
    async with store.begin() as tx:
        await tx.answers.retract("test", "$q1")
        assert await tx.answers.shown("a1") is None
        assert [question.times for question in await tx.answers.open_questions()] == [1]
        await tx.answers.retract("test", "$q2")
        await tx.answers.retract("test", "$q2")
        assert await tx.answers.open_questions() == []


async def test_concurrent_edits_of_different_fields_lose_nothing(store: Store) -> None:
    """Each editor changes a different field of the stored record."""
    async with store.begin() as tx:
        await tx.records.edit(RecordKind.PROJECT, "p1", dict(PROJECT))

    async def change(field: str) -> None:
        async with store.begin() as tx:
            await tx.records.lock()
            stored = await tx.records.get(RecordKind.PROJECT, "p1")
            assert stored is not None
            await asyncio.sleep(0)
            await tx.records.edit(RecordKind.PROJECT, "p1", {**stored.body, field: "x"})

    fields = ("status", "kind", "state", "period", "funding", "licence")
    await asyncio.gather(*(change(field) for field in fields))
    async with store.read() as tx:
        stored = await tx.records.get(RecordKind.PROJECT, "p1")
    assert stored is not None
    assert {field for field in fields if stored.body.get(field) == "x"} == set(fields)


async def test_reading_transaction_sees_one_state_during_writes(store: Store) -> None:
    seen = []
    async with store.read() as tx:
        seen.append(await tx.records.revision())
        writer = asyncio.create_task(raise_revision(store))
        await asyncio.wait([writer], timeout=0.3)  # SQLite's rollback journal lets it wait until we have read
        seen.append(await tx.records.revision())
    await writer
    async with store.read() as tx:
        assert [*seen, await tx.records.revision()] == [0, 0, 1]


async def raise_revision(store: Store) -> None:
    async with store.begin() as tx:
        await tx.records.next_revision()


async def test_reading_transaction_cannot_write(store: Store) -> None:
    with pytest.raises(DBAPIError):
        async with store.read() as tx:
            await tx.facts.put("x", 1)
    async with store.begin() as tx:
        assert await tx.facts.get("x") is None
        await tx.facts.put("x", 2)
