"""Messages are sent in order, once and in parts that fit, even when requests and replies get lost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import nio
import pytest

from bot.channels.port import TryLaterError, UndeliverableError
from bot.messages import Address
from bot.messages.markup import Items, Link, Paragraph, Text, plain
from tests.matrix_server.inner import Inner, running_channel
from tests.matrix_server.person import ANSWER_TO, PART, Person
from tests.matrix_server.proxy import Fault, Proxy
from tests.matrix_server.synapse import Synapse

pytestmark = [pytest.mark.matrix]

WAYS = ("keys/query", "keys/claim", "sendToDevice", "/send/")


@pytest.fixture
async def inner(synapse: Synapse) -> AsyncIterator[Inner]:
    async with running_channel(synapse) as made:
        yield made


def bodies(person: Person, room: str, user: str) -> list[str]:
    return [str(event["content"]["body"]) for event in person.from_user(room, user)]


async def sent_by(person: Person, inner: Inner, room: str, count: int) -> list[dict[str, Any]]:
    await person.until(lambda: len(person.from_user(room, inner.user_id)) >= count)
    await person.sync(300)  # what came twice would be there by now
    return person.from_user(room, inner.user_id)


@pytest.mark.parametrize("arrives", [False, True], ids=["request lost", "answer lost"])
@pytest.mark.parametrize("status", [0, 429, 502], ids=["broken", "429", "502"])
async def test_failing_requests_lose_double_or_block_no_messages(
    synapse: Synapse, person: Person, status: int, arrives: bool
) -> None:
    """Sharing keys also starts again after a failure: nio itself would hang without end (matrix-nio, see docs)."""
    async with Proxy(synapse.url) as proxy, running_channel(synapse, proxy.url) as inner:
        rooms = {way: await inner.room_with(person, encrypted=True) for way in WAYS}
        for way, room in rooms.items():
            await inner.channel.send(inner.message(room, "zuvor"))
            async with await Person.new(synapse, user_id=person.user_id):  # a new device: there are keys to share
                message = inner.message(room, f"über {way}")
                proxy.faults.extend([Fault(way, status, arrives)] * 3)  # the sync loop asks for keys as well
                with pytest.raises(TryLaterError) as caught:
                    await inner.channel.send(message)
                proxy.faults.clear()
                assert caught.value.after == (timedelta(milliseconds=1_234) if status == 429 else None)
                event_id = await inner.channel.send(message)
                assert await inner.channel.send(message) == event_id
        for way, room in rooms.items():
            await person.until(lambda: f"über {way}" in bodies(person, room, inner.user_id))  # noqa: B023
        await person.sync(300)  # what came twice would be there by now
        for way, room in rooms.items():
            assert bodies(person, room, inner.user_id) == ["zuvor", f"über {way}"]
        assert person.unreadable == {}


@pytest.mark.parametrize("encrypted", [False, True], ids=["clear", "encrypted"])
async def test_message_too_long_for_an_event_is_sent_in_parts(inner: Inner, person: Person, encrypted: bool) -> None:
    room = await inner.room_with(person, encrypted=encrypted)
    entries = tuple((Paragraph((Text(f"Eintrag {number} " + "äß<&>😀" * 40),)),) for number in range(400))
    document = (Paragraph((Text("Anfang " + "wort " * 10_000),)), Items(entries, 1), Paragraph((Text("x" * 70_000),)))
    message = inner.message(room, document, answers="$question")
    first = await inner.channel.send(message)
    events = await sent_by(person, inner, room, 8)
    assert await inner.channel.send(message) == first == events[0]["event_id"]
    said = "".join("".join(event["content"]["body"].split()) for event in await sent_by(person, inner, room, 8))
    whole = "".join(plain(document).split())
    assert said.replace("\u200b", "") == whole
    assert [ANSWER_TO in event["content"] for event in events] == [True] + [False] * (len(events) - 1)
    assert [event["content"].get(PART) for event in events] == [None, *range(1, len(events))]
    assert person.unreadable == {}


async def test_concurrent_first_messages_to_a_room_arrive_in_order_and_readable(inner: Inner, person: Person) -> None:
    room = await inner.room_with(person, encrypted=True)
    await asyncio.gather(*(inner.channel.send(inner.message(room, f"Nummer {number}")) for number in range(10)))
    events = await sent_by(person, inner, room, 10)
    assert [event["content"]["body"] for event in events] == [f"Nummer {number}" for number in range(10)]
    assert person.unreadable == {}


async def test_bot_shows_typing_until_the_answer_is_sent(inner: Inner, person: Person) -> None:
    room = await inner.room_with(person)
    seen: list[list[str]] = []

    async def noted(_room: nio.MatrixRoom, event: nio.TypingNoticeEvent) -> None:
        seen.append(event.users)

    person.client.add_ephemeral_callback(noted, nio.TypingNoticeEvent)
    await inner.channel.working(Address("matrix", room))
    await person.until(lambda: [inner.user_id] in seen)
    await inner.channel.send(inner.message(room, "fertig"))
    await person.until(lambda: seen[-1] == [])


async def test_bot_marks_a_received_message_as_read(inner: Inner, person: Person) -> None:
    room = await inner.room_with(person)
    question = await person.say(room, "Wer?")
    read = person.client.rooms[room].read_receipts
    await person.until(lambda: inner.user_id in read and read[inner.user_id].event_id == question)


async def test_hostile_titles_cause_no_notifications(inner: Inner, person: Person, synapse: Synapse) -> None:
    """500 texts that look like mentions, links or markup cause no notification."""
    async with await Person.new(synapse) as other:
        room = await inner.room_with(person, other.user_id)
        await other.client.join(room)
        await person.sync()
        wild = (
            f"@room {other.user_id}", f'<a href="https://matrix.to/#/{other.user_id}">x</a>', "@room",
            f"https://matrix.to/#/{other.user_id}", f"matrix:u/{other.user_id[1:]}", "<script>@room</script>",
            "https://evil.example/x", "www.evil.example", "evil.example", "tg://user?id=1",
        )  # fmt: skip
        entries = tuple((Paragraph((Text(wild[number % len(wild)] + f" {number}"),)),) for number in range(500))
        async with httpx.AsyncClient(base_url=synapse.url) as http:
            headers = {"Authorization": f"Bearer {other.client.access_token}"}
            await inner.channel.send(inner.message(room, (Items(entries), Paragraph((Link("https://a.example"),)))))
            await sent_by(person, inner, room, 1)
            result = (await http.get("/_matrix/client/v3/sync", headers=headers)).json()
        assert result["rooms"]["join"][room]["unread_notifications"]["highlight_count"] == 0
        for event in person.from_user(room, inner.user_id):
            assert event["content"]["m.mentions"] == {}
            assert event["content"]["formatted_body"].count("<a ") == ("https://a.example" in event["content"]["body"])
            assert "https://evil" not in event["content"]["body"]
            assert "@room" not in event["content"]["body"]


async def test_room_that_kicked_the_bot_is_reported_as_gone(inner: Inner, person: Person) -> None:
    room = await inner.room_with(person, preset=nio.RoomPreset.private_chat)
    await person.client.room_kick(room, inner.user_id)
    for _ in range(2):
        with pytest.raises(UndeliverableError) as caught:
            await inner.channel.send(inner.message(room, "noch da?"))
        assert caught.value.gone


async def test_room_key_is_rotated_after_the_number_of_messages_that_the_room_sets(
    inner: Inner, person: Person
) -> None:
    room = await inner.room_with(person, encrypted=True)
    texts = [f"Nachricht {number}" for number in range(6)]
    await inner.channel.send(inner.message(room, texts[0]))
    content = {"algorithm": "m.megolm.v1.aes-sha2", "rotation_period_msgs": 2}
    await person.client.room_put_state(room, "m.room.encryption", content)
    async with asyncio.timeout(20):
        while inner.channel._parts.reader.rooms[room].rotation.messages != 2:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    for text in texts[1:]:
        await inner.channel.send(inner.message(room, text))
    assert [e["content"]["body"] for e in await sent_by(person, inner, room, 6)] == texts
    answer = await person.client.room_messages(room, limit=50)
    used = [event.session_id for event in answer.chunk if isinstance(event, nio.RoomMessageText)]  # newest first
    assert [used.count(key) for key in dict.fromkeys(used)] == [1, 2, 2, 1]
    assert person.unreadable == {}


async def test_users_without_a_signed_identity_get_no_keys_when_not_allowed(synapse: Synapse, person: Person) -> None:
    async with running_channel(synapse, allow_unsigned_users=False) as inner:
        room = await inner.room_with(person, encrypted=True)
        event_id = await inner.channel.send(inner.message(room, "nur für Unterschriebene"))
        await person.until(lambda: event_id in person.unreadable)
        await person.sync(300)
        assert event_id in person.unreadable
