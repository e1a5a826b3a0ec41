"""Conversations without progress are counted as mute; active ones and those that may wait are not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from knowledge_base.store.database import Store
from knowledge_base.store.inbox import Received
from knowledge_base.store.muted import muted
from knowledge_base.store.outbox import Urgency
from tests.claims import to_handle, to_send
from tests.conftest import FixedClock

AFTER = timedelta(minutes=1)


async def mute(store: Store, *channels: str) -> int:
    async with store.read() as tx:
        return await muted(tx.connection, tx.now, channels or ("net",), after=AFTER)


async def says(store: Store, *rooms: str) -> None:
    async with store.begin() as tx:
        await tx.inbox.add([Received("net", f"{tx.now} {n} {room}", room, "@a", {}) for n, room in enumerate(rooms)])


async def put(store: Store, room: str, urgency: Urgency = Urgency.ANSWER, **more: object) -> None:
    async with store.begin() as tx:
        await tx.outbox.add("net", room, {}, urgency=urgency, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("claimed", [False, True])
async def test_conversation_with_an_unhandled_message_is_mute(store: Store, clock: FixedClock, claimed: bool) -> None:
    await says(store, "!a", "!a", "!b")
    if claimed:
        async with store.begin() as tx:
            assert len(await to_handle(tx, "net")) == 2
    assert await mute(store) == 0
    clock.advance(minutes=2)
    assert await mute(store) == 2
    assert await mute(store, "another network") == 0


@pytest.mark.parametrize("claimed", [False, True])
async def test_conversation_with_an_unsent_answer_is_mute(store: Store, clock: FixedClock, claimed: bool) -> None:
    await put(store, "!a")
    if claimed:
        async with store.begin() as tx:
            assert len(await to_send(tx, "net")) == 1
    assert await mute(store) == 0
    clock.advance(minutes=2)
    assert await mute(store) == 1


async def test_conversation_with_a_moving_queue_is_not_mute(store: Store, clock: FixedClock) -> None:
    await says(store, "!a", "!a", "!a")
    await put(store, "!a")
    await put(store, "!a")
    clock.advance(minutes=2)
    async with store.begin() as tx:
        assert await tx.inbox.done((await to_handle(tx, "net"))[0])
        assert await tx.outbox.sent((await to_send(tx, "net"))[0], None)
    assert await mute(store) == 0


async def test_digests_and_scheduled_messages_do_not_make_a_conversation_mute(store: Store, clock: FixedClock) -> None:
    await put(store, "!digest", Urgency.BULK)
    await put(store, "!later", not_before=clock() + timedelta(hours=1))
    clock.advance(minutes=2)
    assert await mute(store) == 0
