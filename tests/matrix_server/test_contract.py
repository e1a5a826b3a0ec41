"""What ``bot.channels.port.Channel`` promises, kept by Matrix: the tests of ``contracts/test_channel.py`` again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import httpx
import pytest

from bot.channels.matrix.content import INVISIBLE_SPACE
from bot.messages import Address
from tests.contracts.test_channel import (
    Setting,
    test_channel_delivers_a_message_and_returns_its_id,
    test_channel_delivers_every_kind_of_node,
    test_channel_hands_over_the_text_of_a_user_unchanged,
    test_channel_knows_the_readers_of_a_private_chat_and_where_one_user_reads,
    test_exactly_once_channel_delivers_a_repeated_message_once,
    test_markup_in_a_text_is_delivered_as_text,
    test_messages_arrive_in_the_order_of_sending,
    test_private_message_is_not_delivered_where_other_users_can_read,
    test_showing_that_the_bot_is_working_never_fails,
)
from tests.matrix_server.inner import Inner, running_channel
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import Synapse

pytestmark = [pytest.mark.matrix]
__all__ = [
    "test_channel_delivers_a_message_and_returns_its_id",
    "test_channel_delivers_every_kind_of_node",
    "test_channel_hands_over_the_text_of_a_user_unchanged",
    "test_channel_knows_the_readers_of_a_private_chat_and_where_one_user_reads",
    "test_exactly_once_channel_delivers_a_repeated_message_once",
    "test_markup_in_a_text_is_delivered_as_text",
    "test_messages_arrive_in_the_order_of_sending",
    "test_private_message_is_not_delivered_where_other_users_can_read",
    "test_showing_that_the_bot_is_working_never_fails",
]


@pytest.fixture
async def setting(synapse: Synapse, person: Person) -> AsyncIterator[Setting]:
    async with running_channel(synapse) as inner:
        others = await inner.room_with(person, synapse.register(f"other{uuid4().hex[:8]}"))
        room = await inner.room_with(person)
        headers = {"Authorization": f"Bearer {person.client.access_token}"}
        with httpx.Client(base_url=f"{synapse.url}/_matrix/client/v3/rooms/{room}", headers=headers) as http:
            setting = on_matrix(inner, room, http)
            yield replace(setting, user=person.user_id, others=others)


def on_matrix(inner: Inner, room: str, http: httpx.Client) -> Setting:
    def writes(text: str) -> None:
        content = json.dumps({"msgtype": "m.text", "body": text})
        assert http.put(f"/send/m.room.message/{uuid4().hex}", content=content).status_code == 200

    def reads() -> str:
        events = http.get("/messages", params={"dir": "b", "limit": 100}).json()["chunk"][::-1]
        said = [e["content"]["body"] for e in events if e["sender"] == inner.user_id and "body" in e["content"]]
        return "\n\n".join(said).replace(INVISIBLE_SPACE, "")

    inner.received.clear()
    inner.came.clear()
    return Setting(inner.channel, Address("matrix", room), writes, reads, inner.received, inner.listened, inner.came)
