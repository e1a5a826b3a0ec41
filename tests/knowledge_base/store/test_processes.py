"""Living processes and leaders: one process leads an account, and a deposed leader has no effect."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from knowledge_base.store.database import Store
from knowledge_base.store.inbox import Received
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.processes import DeposedError, Term
from knowledge_base.store.tables import outbox, process
from tests.claims import claimed, to_handle


async def sign(store: Store, me: str, place: str = "") -> dict[str, int]:
    async with store.begin() as tx:
        return await tx.processes.sign(me, place or f"place of {me}", {})


async def take(store: Store, me: str, channel: str = "net") -> int | None:
    async with store.begin() as tx:
        return await tx.processes.take(channel, me)


async def falls_silent(store: Store, me: str) -> None:
    """Set the last sign of life of a process to long ago."""
    async with store.begin() as tx:
        long_ago = tx.now - timedelta(days=2)
        await tx.connection.execute(update(process).where(process.c.id == me).values(seen_at=long_ago))


async def test_next_process_takes_over_when_the_leader_is_silent(store: Store) -> None:
    await sign(store, "a")
    assert await take(store, "a") == 1
    await sign(store, "b")
    assert await take(store, "b") is None
    assert await take(store, "a") == 1, "asking again changes nothing"
    await falls_silent(store, "a")
    assert await take(store, "b") == 2
    assert await sign(store, "a") == {}, "it hears that it leads no more"
    assert await sign(store, "b") == {"net": 2}


async def test_leader_that_leaves_frees_its_channel_at_once(store: Store) -> None:
    for me in "ab":
        await sign(store, me)
    assert await take(store, "a") == 1
    async with store.begin() as tx:
        await tx.processes.leave("a")
    assert await take(store, "b") == 2


async def test_only_the_leader_can_resign_its_channel(store: Store) -> None:
    for me in "ab":
        await sign(store, me)
    assert await take(store, "a") == 1
    async with store.begin() as tx:
        await tx.processes.resign("net", "b")
    assert await take(store, "b") is None, "nobody resigns for another"
    async with store.begin() as tx:
        await tx.processes.resign("net", "a")
    assert await take(store, "b") == 2


async def test_new_process_in_a_folder_ends_the_older_process_there(store: Store) -> None:
    for me in "ab":
        await sign(store, me, place="the folder")
    assert await take(store, "a") == 1
    async with store.begin() as tx:
        await tx.processes.clear("the folder", "b")
        assert [process.id for process in await tx.processes.living()] == ["b"]
    assert await take(store, "b") == 2


async def test_only_one_of_many_concurrent_processes_becomes_leader(store: Store) -> None:
    names = [f"p{number}" for number in range(8)]
    for me in names:
        await sign(store, me)
    for _ in range(3):
        epochs = await asyncio.gather(*(take(store, me) for me in names))
        assert sum(epoch is not None for epoch in epochs) <= 1
    led = [(await sign(store, me)) for me in names]
    assert [held for held in led if held] == [{"net": 1}]


async def test_concurrent_signing_and_takeover_never_leave_two_leaders(store: Store) -> None:
    await sign(store, "a")
    await take(store, "a")
    await sign(store, "b")
    for _ in range(10):
        await falls_silent(store, "a")
        held, epoch = await asyncio.gather(sign(store, "a"), take(store, "b"))
        assert bool(held) != (epoch is not None)
        if epoch is not None:
            async with store.begin() as tx:
                await tx.processes.resign("net", "b")
            assert await take(store, "a") is not None


async def test_deposed_leader_can_claim_and_change_no_messages(store: Store) -> None:
    await sign(store, "a")
    old = Term("net", "a", await take(store, "a") or 0)
    async with store.begin() as tx:
        for room in "xy":
            await tx.outbox.add("net", room, {}, urgency=Urgency.ANSWER)
        (row,) = await claimed(tx, old, limit=1)
    await falls_silent(store, "a")
    await sign(store, "b")
    new = Term("net", "b", await take(store, "b") or 0)
    async with store.begin() as tx:
        with pytest.raises(DeposedError):
            await tx.processes.expect(old)
        await tx.processes.expect(new)
        assert await claimed(tx, old) == []
        assert not await tx.outbox.sent(row, "$late")
        assert not await tx.outbox.retry(row, not_before=tx.now, error="late")
        (stranded,) = await tx.outbox.stranded(new, ())
        assert (stranded.id, stranded.owner) == (row.id, "a")
        assert await tx.outbox.retry(stranded, not_before=tx.now, error="")
        assert await tx.connection.scalar(select(outbox.c.state).where(outbox.c.id == row.id)) == "new"


async def test_only_messages_of_silent_processes_are_taken_over(store: Store) -> None:
    for me in "ab":
        await sign(store, me)
    async with store.begin() as tx:
        await tx.inbox.add([Received("test", f"${n}", f"!{n}", "@a", {"text": "x"}) for n in range(2)])
        first = await to_handle(tx, process="a")
    assert len(first) == 2
    async with store.begin() as tx:
        assert await to_handle(tx, process="b") == []
        again = await to_handle(tx, process="a")
        assert [row.attempts for row in again] == [2, 2], "a claim whose reply was lost is found by its owner"
    await falls_silent(store, "a")
    async with store.begin() as tx:
        assert len(await to_handle(tx, process="b")) == 2
        assert not await tx.inbox.done(first[0]), "the one that was given up changes nothing"
        assert not await tx.inbox.quarantine(first[0])


async def test_two_concurrent_processes_never_claim_the_same_message(store: Store) -> None:
    for me in "ab":
        await sign(store, me)
    async with store.begin() as tx:
        await tx.inbox.add([Received("test", f"${n}", f"!{n}", "@a", {"text": "x"}) for n in range(30)])

    async def claims(me: str) -> list[int]:
        async with store.begin() as tx:
            return [row.seq for row in await to_handle(tx, process=me)]

    one, other = await asyncio.gather(claims("a"), claims("b"))
    assert not set(one) & set(other)
