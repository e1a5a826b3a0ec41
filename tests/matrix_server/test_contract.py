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
    test_every_kind_of_node_is_said,
    test_it_knows_who_reads_a_private_chat_and_where_only_a_user_reads,
    test_messages_are_seen_in_the_order_of_their_sending,
    test_showing_that_one_works_never_fails,
    test_text_stays_text,
    test_the_same_message_again_has_no_second_effect_where_that_is_promised,
    test_what_is_for_one_reader_is_said_to_nobody_else,
    test_what_is_sent_is_seen_and_named,
    test_what_people_write_is_handed_over_as_they_wrote_it,
)
from tests.matrix_server.inner import Inner, running_channel
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import Synapse

pytestmark = [pytest.mark.matrix]
__all__ = [
    "test_every_kind_of_node_is_said",
    "test_it_knows_who_reads_a_private_chat_and_where_only_a_user_reads",
    "test_messages_are_seen_in_the_order_of_their_sending",
    "test_showing_that_one_works_never_fails",
    "test_text_stays_text",
    "test_the_same_message_again_has_no_second_effect_where_that_is_promised",
    "test_what_is_for_one_reader_is_said_to_nobody_else",
    "test_what_is_sent_is_seen_and_named",
    "test_what_people_write_is_handed_over_as_they_wrote_it",
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
