"""Which earlier question a message goes on from."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.incoming.chat_context import ContextLoader
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import Urgency, new_id
from knowledge_base.store.people import ChatContext
from knowledge_base.store.tables import outbox
from tests.fakes import FakeChannel

ANNA = FakeChannel("test").person("anna")
PLACE = ANNA.conversation


async def replying_to(store: Store, urgency: Urgency) -> ChatContext | None:
    """The context of a reply to a message of this urgency, where a question was asked since."""
    message_id = new_id()
    async with store.begin() as tx:
        person = await tx.people.identify("test", "anna", private_conversation=PLACE)
        await tx.people.remember(("test", PLACE, "", person.id), {"texts": ["Hitze"]}, new_id(), ["show project:a"])
        await tx.outbox.add("test", PLACE, {}, urgency=urgency, message_id=message_id)
        await tx.connection.execute(update(outbox).where(outbox.c.id == message_id).values(remote_id="$sent"))
    async with store.read() as tx:
        return await ContextLoader(tx, ANNA.inbound("1", refers_to="$sent"), person.id, timedelta(hours=1)).load()


async def test_number_in_a_reply_to_a_digest_is_none_of_the_last_list(store: Store) -> None:
    assert await replying_to(store, Urgency.BULK) is None


@pytest.mark.parametrize("urgency", [Urgency.ANSWER, Urgency.NOTICE])
async def test_reply_to_a_message_without_a_list_goes_on_from_the_last_question(store: Store, urgency: Urgency) -> None:
    context = await replying_to(store, urgency)
    assert context is not None
    assert context.choices == ("show project:a",)
