"""A user edits a question: the answer changes in place, with as many parts as needed, despite network faults."""

from __future__ import annotations

import asyncio

import pytest

from bot.channels.telegram import send
from bot.commands.search import More
from bot.messages import Choice, Say
from knowledge_base.store.outbox import Urgency
from tests.bot.channels.telegram.rig import Rig
from tests.telegram_api import Fault, Message
from tests.telegram_api.faults import broken, flood

WORD = "Sommerlinde"
PER_PART = 340  # of the word fit into one message


def long_text(parts: int) -> Say:
    """A text of so many messages, with a button below."""
    return Say(
        "unknown_command", {"command": f"{WORD} " * (PER_PART * parts - 170)}, (Choice(Say("choice.more"), More()),)
    )


async def store(rig: Rig, number: int, parts: int) -> None:
    """The answer, or its ``number``-th new version."""
    payload = {"say": long_text(parts).to_json(), "language": "de", "replaces": f"v{number - 1}" if number else ""}
    async with rig.store.begin() as tx:
        payload["handles"] = await tx.buttons.make(("telegram", "11", ""), await person(rig), f"v{number}", ["more"])
        await tx.outbox.add("telegram", "11", payload, urgency=Urgency.ANSWER, message_id=f"v{number}")
    rig.bot.wake_senders()
    await sent(rig, f"v{number}")


async def person(rig: Rig) -> str:
    async with rig.store.read() as tx:
        person = await tx.people.of_account("telegram", "11")
    assert person
    return person.id


async def sent(rig: Rig, message_id: str) -> None:
    async with asyncio.timeout(30):
        while not await remote_id(rig, message_id):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def remote_id(rig: Rig, message_id: str) -> str:
    async with rig.store.read() as tx:
        return await tx.outbox.remote_id(message_id) or ""


def shown(rig: Rig, but: int) -> list[Message]:
    """The messages of the answer, without the ``but`` messages before it."""
    return rig.world.said(rig.world.users[11])[but:]


async def begun(rig: Rig) -> int:
    """Start a chat with the user; return how many messages the bot has sent in it."""
    anna = rig.world.user(11)
    await rig.ask(anna, "hilfe")
    return len(rig.world.said(anna))


def faults() -> dict[str, list[Fault]]:
    return {
        "none": [],
        "lost reply": [Fault("sendMessage", "reply_lost")],
        "the second one's reply lost": [Fault("sendMessage", "reply_lost", after=1)],
        "lost reply, then away": [Fault("sendMessage", "reply_lost"), Fault("editMessageText", "refuse", 2, after=1)],
        "dropped": [Fault("sendMessage", "drop")],
        "502": [broken("sendMessage", 502, 3)],
        "429": [flood("sendMessage", 1)],
        "the edit's reply lost": [Fault("editMessageText", "reply_lost")],
        "the edit refused": [Fault("editMessageText", "refuse", 2)],
    }


@pytest.mark.parametrize(
    ("name", "killed"), [*((name, False) for name in faults()), *((name, True) for name in faults() if "lost" in name)]
)
async def test_longer_new_version_of_an_answer_adds_messages_once(
    name: str, killed: bool, rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    if killed:
        monkeypatch.setattr(send, "HALF_SENT", 0)  # no attempt knows what the one before it sent
    before = await begun(rig)
    await store(rig, 0, 1)
    assert len(shown(rig, before)) == 1
    rig.api.fail(*faults()[name])
    await store(rig, 1, 3)
    parts = shown(rig, before)
    assert sum(part.text.count(WORD) for part in parts) == PER_PART * 3 - 170
    assert len(parts) == 3
    assert [bool(part.buttons) for part in parts] == [False, False, True], "buttons stand under the last one"
    assert await remote_id(rig, "v1") == f"11/{','.join(str(part.id) for part in parts)}"
    async with rig.store.read() as tx:
        assert await tx.doubtful.all() == []


@pytest.mark.parametrize(("parts", "others"), [((3, 1), 0), ((3, 2), 0), ((1, 3, 1, 2), 0), ((2, 3, 3), 1)])
async def test_edited_answer_shrinks_and_grows_to_the_parts_that_it_needs(
    parts: tuple[int, ...], others: int, rig: Rig
) -> None:
    before = await begun(rig)
    for number, many in enumerate(parts):
        await store(rig, number, many)
        for _ in range(others):
            await rig.ask(rig.world.users[11], "hilfe")
        ours = [message for message in shown(rig, before) if WORD in message.text]
        assert len(ours) == many
        assert sum(message.text.count(WORD) for message in ours) == PER_PART * many - 170
        assert [bool(message.buttons) for message in ours] == [False] * (many - 1) + [True]
