"""Others could read a private message in its place: the bot sends it to a private place and tells the asker."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bot.messages import Address, MessageAudience, Outgoing, Say
from bot.messages.envelope import Envelope
from bot.messages.readership import Readership
from bot.outgoing.reroute import keep_reachable
from bot.outgoing.sender import Sender
from bot.texts import Texts
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.people import Account, Person
from tests.claims import leading
from tests.fakes import FakeChannel
from tests.fakes import Person as OnFake
from tests.patience import PATIENCE_S

TEXTS = Texts()
OLD, NEW = "chat-with-anna", "chat-of-anna"
ALONE, WITH_OTHERS = Readership(frozenset({"anna"}), closed=True), Readership(frozenset({"anna", "ben"}), closed=True)
FOR_ANNA: dict[str, Any] = {"audience": MessageAudience.PRIVATE, "readers": ("anna",)}
SECRET = "4711"
SAY = Say("intro.withdrawn", {"code": SECRET})


@pytest.fixture
def channel() -> FakeChannel:
    made = FakeChannel(exactly_once=True)
    made.places |= {OLD: WITH_OTHERS, NEW: ALONE}
    return made


async def anna(store: Store, *, conversation: str | None = OLD) -> Person:
    async with store.begin() as tx:
        return await tx.people.identify("fake", "anna", private_conversation=conversation)


async def put(store: Store, person: Person | None, say: Say = SAY, **more: Any) -> None:
    payload = Envelope(say, "de", **more).to_json()
    urgency = Urgency.ANSWER if "answers" in more else Urgency.NOTICE
    async with store.begin() as tx:
        await tx.outbox.add("fake", OLD, payload, urgency=urgency, person_id=person and person.id)


async def send(store: Store, *channels: FakeChannel, mails: bool = False) -> None:
    """Let the senders send all messages that are due now."""
    async with leading(store, *(channel.name for channel in channels)) as leadership:
        senders = [Sender(store, TEXTS, channel, leadership, mails=mails) for channel in channels]
        tasks = [asyncio.create_task(sender.run()) for sender in senders]
        async with asyncio.timeout(PATIENCE_S):
            for sender in senders:
                await sender.idle()
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def accounts(store: Store, person: Person) -> list[Account]:
    async with store.read() as tx:
        return await tx.people.accounts(person.id)


def shows(message: Outgoing) -> bool:
    return SECRET in str(message.document)


def secrets_at(channel: FakeChannel) -> list[str]:
    return [message.address.conversation for message in channel.delivered if shows(message)]


async def states(store: Store) -> dict[str, int]:
    async with store.read() as tx:
        return await tx.outbox.count()


@pytest.mark.parametrize("declared", [True, False])
async def test_private_message_is_rerouted_to_the_private_chat_of_its_reader(
    store: Store, channel: FakeChannel, declared: bool
) -> None:
    person = await anna(store)
    await put(store, person, **(FOR_ANNA if declared else {}))
    await send(store, channel)
    assert secrets_at(channel) == [NEW]
    assert [account.conversation for account in await accounts(store, person)] == [NEW]
    assert [message.address.conversation for message in channel.delivered] == [NEW], "the old place hears nothing"


async def test_asker_is_told_of_a_rerouted_answer_and_can_continue_in_both_chats(
    store: Store, channel: FakeChannel
) -> None:
    person = await anna(store)
    async with store.begin() as tx:
        await tx.people.remember(("fake", OLD, "", person.id), None, None, ["intro yes ABCDE"], awaits="profile name")
    await put(store, person, answers="q1", **FOR_ANNA)
    await send(store, channel)
    assert secrets_at(channel) == [NEW]
    assert [(m.address.conversation, m.answers) for m in channel.delivered if m.answers] == [(OLD, "q1")]
    async with store.read() as tx:
        there = await tx.people.context(("fake", NEW, "", person.id), younger_than=timedelta(hours=1))
    assert there
    assert (there.choices, there.awaits) == (("intro yes ABCDE",), "profile name")


async def test_private_message_goes_by_mail_if_its_reader_has_no_private_chat(
    store: Store, channel: FakeChannel
) -> None:
    person = await anna(store)
    async with store.begin() as tx:
        await tx.people.link(person.id, "email", "anna@stadt.example", "anna@stadt.example")
    channel.places[NEW] = WITH_OTHERS
    await put(store, person, answers="q1", **FOR_ANNA)
    mail = FakeChannel("email")
    await send(store, channel, mails=True)
    await send(store, mail, channel)
    assert secrets_at(channel) == []
    assert secrets_at(mail) == ["anna@stadt.example"]


async def test_asker_is_told_if_a_private_answer_cannot_be_sent_anywhere(store: Store, channel: FakeChannel) -> None:
    person = await anna(store)
    channel.places[NEW] = WITH_OTHERS
    await put(store, person, answers="q1", **FOR_ANNA)
    await send(store, channel)
    assert secrets_at(channel) == []
    assert (await states(store))["dead"] == 1
    assert [account.conversation for account in await accounts(store, person)] == [None]
    assert {message.address.conversation for message in channel.delivered} == {OLD}


async def test_message_for_operators_is_rerouted_to_a_private_chat(store: Store, channel: FakeChannel) -> None:
    channel.operators = {"anna"}
    person = await anna(store)
    await put(
        store, person, Say("alert.unclear", {"number": 1}), **(FOR_ANNA | {"audience": MessageAudience.OPERATORS})
    )
    await send(store, channel)
    assert [message.address.conversation for message in channel.delivered] == [NEW]


async def test_private_message_for_an_unknown_user_is_not_sent(store: Store, channel: FakeChannel) -> None:
    await put(store, None)
    await send(store, channel)
    assert channel.delivered == []


async def test_message_for_a_room_is_sent_there(store: Store, channel: FakeChannel) -> None:
    await put(store, None, Say("thanks"), answers="q1", audience=MessageAudience.ROOM)
    await send(store, channel)
    assert [message.address.conversation for message in channel.delivered] == [OLD]


@pytest.mark.parametrize("known", [None, OLD, "!gone"])
async def test_inbound_private_message_does_not_make_a_shared_chat_private(
    store: Store, channel: FakeChannel, known: str | None
) -> None:
    channel.places["!gone"] = Readership()
    person = await anna(store, conversation=known)
    inbound = OnFake(channel, "anna", OLD).inbound("Guten Tag")
    async with store.begin() as tx:
        await keep_reachable(tx, channel, inbound, person)
    assert [account.conversation for account in await accounts(store, person)] == [NEW]


async def test_private_chat_is_kept_although_its_user_writes_in_another_chat(
    store: Store, channel: FakeChannel
) -> None:
    channel.places["!good"] = ALONE
    person = await anna(store, conversation="!good")
    async with store.begin() as tx:
        await keep_reachable(tx, channel, OnFake(channel, "anna", OLD).inbound("Guten Tag"), person)
    assert [account.conversation for account in await accounts(store, person)] == ["!good"]
    assert channel.who_reads(Address("fake", "!good")) == ALONE
