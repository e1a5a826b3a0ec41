"""Rooms for two introduced users: one room for each introduction, even when replies get lost."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator

import nio
import pytest

from bot.channels.port import TryLaterError, UndeliverableError
from tests.matrix_server.inner import Inner, running_channel
from tests.matrix_server.person import Person
from tests.matrix_server.proxy import Fault, Proxy
from tests.matrix_server.synapse import Synapse

pytestmark = [pytest.mark.matrix]


@pytest.fixture
async def inner(synapse: Synapse) -> AsyncIterator[Inner]:
    async with running_channel(synapse) as made:
        yield made


@pytest.fixture
async def other(synapse: Synapse) -> AsyncIterator[Person]:
    async with await Person.new(synapse) as made:
        yield made


async def membership(person: Person, room: str) -> dict[str, str]:
    answer = await person.client.room_get_state(room)
    assert isinstance(answer, nio.RoomGetStateResponse), answer
    return {e["state_key"]: e["content"]["membership"] for e in answer.events if e["type"] == "m.room.member"}


async def read_by(person: Person, room: str, text: str) -> None:
    """A user joins the room and reads the earlier messages."""
    await person.client.join(room)
    await person.until(lambda: any(e["content"].get("body") == text for e in person.events.get(room, [])))
    await person.sync(300)
    said = [e for e in person.events[room] if e["type"] == "m.room.message"]
    assert [(e["content"]["body"], e["was_encrypted"]) for e in said] == [(text, True)]
    assert person.unreadable == {}


async def test_introduction_room_is_made_once_and_readable_when_replies_get_lost(
    synapse: Synapse, person: Person, other: Person
) -> None:
    async with Proxy(synapse.url) as proxy, running_channel(synapse, proxy.url) as inner:
        alias, users = f"einfuehrung-{secrets.token_hex(6)}", (person.user_id, other.user_id)
        opening = inner.message("", "Darf ich vorstellen?")
        for way in ("createRoom", "directory/room", "/members", "/send/"):
            proxy.faults.append(Fault(way, arrives=True))
            with pytest.raises(TryLaterError):
                await inner.channel.open_introduction_room(alias, users, opening, name="Radwege")
        rooms = {await inner.channel.open_introduction_room(alias, users, opening, name="Radwege") for _ in range(2)}
        assert len(rooms) == 1
        for member in (person, other):
            await read_by(member, *rooms, "Darf ich vorstellen?")
        assert set(await membership(person, *rooms)) == {inner.user_id, *users}  # it may have left meanwhile
        question = await person.say(*rooms, "Guten Tag")
        await other.until(lambda: any(e["event_id"] == question for e in other.events[next(iter(rooms))]))
        assert inner.received == []  # it made the room, so it does not arrive in it, and is not spoken to


async def test_bot_leaves_the_introduction_room_when_both_users_have_joined(
    inner: Inner, person: Person, other: Person
) -> None:
    alias, users = f"einfuehrung-{secrets.token_hex(6)}", (person.user_id, other.user_id)
    opening = inner.message("", "Darf ich vorstellen?")
    room = await inner.channel.open_introduction_room(alias, users, opening)
    await read_by(person, room, "Darf ich vorstellen?")
    assert (await membership(person, room))[inner.user_id] == "join"
    await read_by(other, room, "Darf ich vorstellen?")
    gone = lambda: any(e.get("state_key") == inner.user_id and e["content"]["membership"] == "leave"  # noqa: E731
                       for e in person.events[room])  # fmt: skip
    await person.until(gone)
    assert await inner.channel.open_introduction_room(alias, users, opening) == room
    renamed = await person.client.room_put_state(room, "m.room.name", {"name": "Unser Raum"})
    assert isinstance(renamed, nio.RoomPutStateResponse)  # the two can do everything there
    await read_by(other, room, "Darf ich vorstellen?")


async def test_bot_sends_nothing_to_a_foreign_room_under_the_introduction_alias(
    inner: Inner, person: Person, other: Person
) -> None:
    alias = f"einfuehrung-{secrets.token_hex(6)}"
    taken = await person.client.room_create(alias=alias, invite=[inner.user_id])
    assert isinstance(taken, nio.RoomCreateResponse)
    with pytest.raises(UndeliverableError):
        await inner.channel.open_introduction_room(alias, (person.user_id, other.user_id), inner.message("", "geheim"))
    await person.sync(300)
    assert person.from_user(taken.room_id, inner.user_id) == []


async def test_user_who_declined_the_room_is_not_invited_again(inner: Inner, person: Person, other: Person) -> None:
    alias, users = f"einfuehrung-{secrets.token_hex(6)}", (person.user_id, other.user_id)
    opening = inner.message("", "Darf ich vorstellen?")
    room = await inner.channel.open_introduction_room(alias, users, opening)
    await person.client.join(room)
    await other.client.room_leave(room)
    assert await inner.channel.open_introduction_room(alias, users, opening) == room
    assert (await membership(person, room))[other.user_id] == "leave"


async def test_bot_stays_in_the_introduction_room_when_configured_to_stay(
    synapse: Synapse, person: Person, other: Person
) -> None:
    async with running_channel(synapse, stays=True) as inner:
        alias, users = f"einfuehrung-{secrets.token_hex(6)}", (person.user_id, other.user_id)
        room = await inner.channel.open_introduction_room(alias, users, inner.message("", "Darf ich vorstellen?"))
        for member in (person, other):
            await read_by(member, room, "Darf ich vorstellen?")
        rounds = await inner.channel.open_introduction_room(f"{alias}-2", users, inner.message("", "Noch einmal"))
        await person.client.join(rounds)  # the sync loop has gone on since both were in the first room
        assert (await membership(person, room))[inner.user_id] == "join"
