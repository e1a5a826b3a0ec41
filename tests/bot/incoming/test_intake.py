"""Receiving: once, in order, only messages for the bot, and no more than it can handle."""

from __future__ import annotations

import asyncio

import pytest

from bot.incoming.intake import Intake, is_for_us
from bot.messages import Address, Happening, Inbound, Refused
from knowledge_base.store.database import Store
from tests.claims import to_handle
from tests.fakes import FakeChannel

PEOPLE = FakeChannel("test")
ANNA = PEOPLE.person("anna")


async def texts(store: Store) -> list[str]:
    """The texts that wait, by conversation."""
    async with store.begin() as tx:
        return [row.payload["text"] for row in await to_handle(tx)]


async def test_messages_and_the_read_position_are_stored_together(store: Store) -> None:
    intake = Intake(store)
    await intake("test", [ANNA.inbound("a"), PEOPLE.person("ben").inbound("b")], cursor="s1")
    assert await texts(store) == ["a", "b"]
    async with store.read() as tx:
        assert await tx.inbox.cursor("test") == "s1"


async def test_message_with_a_known_id_is_ignored(store: Store) -> None:
    intake = Intake(store)
    message = ANNA.inbound("a")
    for _ in range(3):
        await intake("test", [message, message])
    async with store.read() as tx:
        assert await tx.inbox.count() == {"new": 1}


@pytest.mark.parametrize("happening", list(Happening))
async def test_every_kind_of_happening_is_stored_and_read_back_unchanged(store: Store, happening: Happening) -> None:
    message = ANNA.inbound("x", happening=happening, refers_to="$e")
    await Intake(store)("test", [message])
    async with store.begin() as tx:
        (row,) = await to_handle(tx)
    assert Inbound.from_json(row.payload) == message


async def test_room_messages_not_meant_for_the_bot_are_not_stored(store: Store) -> None:
    room = PEOPLE.person("anna", room="!room")
    talk = [room.inbound(text, addressed=False) for text in ("schönes Wetter", "!befehl eines anderen", "mehr")]
    await Intake(store)("test", [*talk, room.inbound("!mehr", addressed=False), room.inbound("du da", addressed=True)])
    async with store.read() as tx:
        assert await tx.inbox.count() == {"new": 2}
    assert await texts(store) == ["!mehr"]


def test_edits_of_room_messages_not_meant_for_the_bot_are_not_stored() -> None:
    room = PEOPLE.person("anna", room="!room")
    assert not is_for_us(room.inbound("x", addressed=False, happening=Happening.EDIT))
    assert is_for_us(room.inbound("", addressed=False, happening=Happening.RETRACTION))


async def test_message_deleted_before_it_was_handled_is_never_handled(store: Store) -> None:
    intake = Intake(store)
    question, other = ANNA.inbound("private matter"), ANNA.inbound("Rufbus?")
    await intake("test", [question, other])
    await intake("test", [ANNA.inbound(happening=Happening.RETRACTION, refers_to=question.id)])
    assert await texts(store) == ["Rufbus?"]


async def test_intake_waits_when_full_until_a_message_is_handled(sqlite_store: Store) -> None:
    intake = Intake(sqlite_store, max_waiting=2)
    await intake("test", [ANNA.inbound("1"), ANNA.inbound("2")])
    third = asyncio.create_task(intake("test", [ANNA.inbound("3")]))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not third.done()
    await intake.handled()
    await third
    async with sqlite_store.read() as tx:
        assert await tx.inbox.count() == {"new": 3}


async def test_messages_that_another_process_handles_do_not_fill_the_intake(store: Store) -> None:
    intake = Intake(store, max_waiting=2)
    for number in range(5):
        await intake("test", [ANNA.inbound(str(number))])
        async with store.begin() as tx:  # the other process: nothing of this is heard here
            for row in await to_handle(tx):
                await tx.inbox.done(row)
    async with store.read() as tx:
        assert await tx.inbox.count() == {"done": 5}


async def test_duplicate_and_deleted_messages_do_not_fill_the_intake(sqlite_store: Store) -> None:
    intake = Intake(sqlite_store, max_waiting=2)
    for number in range(5):
        message = ANNA.inbound(str(number))
        await intake("test", [message])
        await intake("test", [message])
        await intake("test", [ANNA.inbound(happening=Happening.RETRACTION, refers_to=message.id)])
        await intake.handled()  # the retraction


async def test_hostile_characters_are_replaced_before_storing(store: Store) -> None:
    await Intake(store)("test", [ANNA.inbound("a\0b\udcffc\U0001f600")])
    assert await texts(store) == ["a?b?c\U0001f600"]


@pytest.mark.parametrize("bad", ["\ud800", "a\0"], ids=["half a character", "NUL"])
async def test_ids_that_no_database_stores_do_not_stop_the_intake(store: Store, bad: str) -> None:
    intake = Intake(store)
    place = Address("test", bad, bad)
    message = ANNA.inbound("x", id=bad, user=bad, address=place, refers_to=bad, quoted=bad)
    retraction = ANNA.inbound(happening=Happening.RETRACTION, refers_to=bad)
    await intake("test", [message, retraction, ANNA.inbound("y")], refused=[Refused(f"r{bad}", bad, bad, "id")])
    async with store.read() as tx:
        assert (await tx.inbox.count())["new"] == 2


async def test_messages_of_a_user_beyond_the_limit_are_dropped(store: Store) -> None:
    intake = Intake(store, most_of_one=3)
    await intake("test", [ANNA.inbound(str(number)) for number in range(5)])
    await intake("test", [ANNA.inbound("5"), PEOPLE.person("ben").inbound("b")])
    async with store.begin() as tx:
        assert await tx.inbox.count() == {"new": 4, "done": 3}
        rows = await tx.connection.exec_driver_sql("SELECT count(*) FROM inbox WHERE payload IS NULL")
        assert rows.scalar() == 3
