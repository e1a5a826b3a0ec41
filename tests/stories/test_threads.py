"""Conversations in groups: threads, replies, the private chat. With the real model and the bundled knowledge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.messages import Address, Happening, ShownChoice
from bot.messages.markup import plain
from knowledge_base.embedding.port import Embedder
from knowledge_base.store.database import Store
from tests.fakes import FakeChannel, Person, running_bot
from tests.wording import says

pytestmark = pytest.mark.slow
MOBILITY, HEAT, THERE = "Wer hat Mobilitätsprojekte gemacht?", "Wer hat etwas gegen Hitze gemacht?", "und in Potsdam?"


@pytest.fixture
async def town(known_to_e5: Store, channel: FakeChannel, e5: Embedder, tmp_path: Path) -> AsyncIterator[FakeChannel]:
    async with running_bot(known_to_e5, e5, [channel], tmp_path, limits={"questions_per_hour": 0}):
        yield channel


@pytest.fixture
def anna(town: FakeChannel) -> Person:
    return town.person("anna", "!rat")


@pytest.fixture
def ben(town: FakeChannel) -> Person:
    return town.person("ben", "!rat")


def on(root: str) -> dict[str, Any]:
    """What a message in the thread on this event carries."""
    return {"address": Address("fake", "!rat", root)}


def shown(person: Person, number: int) -> ShownChoice:
    assert person.last is not None
    return next(choice for choice in person.last.choices if choice.number == number)


def understood(answer: str) -> str:
    return "Verstanden" + answer.split("Verstanden", 1)[1].splitlines()[0]


async def test_question_in_a_thread_follows_the_question_that_the_thread_is_on(anna: Person, ben: Person) -> None:
    await anna.says(MOBILITY)
    root = anna.asked[-1]
    await anna.says(HEAT)
    assert understood(await anna.says(THERE, **on(root))) == "Verstanden: Mobilität und Verkehr · Potsdam"
    assert "Cottbus" in understood(await ben.says("und in Cottbus?", **on(root)))
    assert "Mobilität" in understood(ben.hears())


async def test_question_in_a_thread_on_the_answer_follows_that_answer(anna: Person) -> None:
    await anna.says(MOBILITY)
    assert anna.last is not None
    root = f"sent-{anna.last.id}"
    await anna.says(HEAT)
    assert "Mobilität" in understood(await anna.says(THERE, **on(root)))


async def test_topic_of_a_forum_is_no_thread_on_a_question(anna: Person, ben: Person) -> None:
    await anna.says(MOBILITY, **on("7"))
    assert "Mobilität" not in await ben.says(THERE, **on("7"))


async def test_reply_to_an_older_list_means_that_list(anna: Person) -> None:
    await anna.says(MOBILITY)
    assert anna.last is not None
    older, third = f"sent-{anna.last.id}", shown(anna, 3).label
    await anna.says(HEAT)
    assert (await anna.says("!zeige 3", refers_to=older)).startswith(third)
    assert "Mobilität" in understood(await anna.says(THERE, refers_to=older))


async def test_number_means_the_list_replied_to_after_the_question_is_forgotten(
    town: FakeChannel, known_to_e5: Store
) -> None:
    anna = town.person("anna")
    await anna.says(MOBILITY)
    assert anna.last is not None
    older, third = f"sent-{anna.last.id}", shown(anna, 3).label
    async with known_to_e5.begin() as tx:
        await tx.people.forget_contexts(timedelta(days=-1))
    assert says("pick.nothing", await anna.says("das dritte"))
    assert (await anna.says("das dritte", refers_to=older)).startswith(third)


async def test_reply_to_a_message_of_another_user_takes_it_as_the_question_before(anna: Person) -> None:
    await anna.says(HEAT)
    answer = await anna.says(THERE, refers_to="of-ben", quoted=MOBILITY)
    assert understood(answer) == "Verstanden: Mobilität und Verkehr · Potsdam"


async def test_bot_named_alone_below_a_message_answers_that_message(anna: Person) -> None:
    assert "Mobilität" in understood(await anna.says("", refers_to="of-ben", quoted=MOBILITY))
    assert says("ask.empty", await anna.says(""))


async def test_prompt_is_completed_by_a_reply_to_it(town: FakeChannel) -> None:
    anna = town.person("anna")
    await anna.says("!profil name")
    assert anna.last is not None
    said = await anna.says("Amt für Verkehr", refers_to=f"sent-{anna.last.id}")
    assert "Amt für Verkehr" in said


async def test_personal_command_in_a_group_names_the_private_chat_and_the_form_that_works_there(
    town: FakeChannel, anna: Person
) -> None:
    await anna.says(MOBILITY)
    assert anna.last is not None
    second = shown(anna, 2).command.removeprefix("show ")
    said = await anna.says("!kontakt 2")
    assert says("one_to_one_only", said)
    assert f"!kontakt ={second}" in said
    assert town.private_link() in said
    assert "geheim" not in await anna.says("!profil name geheim")


async def test_welcome_in_a_group_says_how_to_ask_there_and_quotes_nothing(town: FakeChannel, anna: Person) -> None:
    await town.hands_over(anna.inbound(happening=Happening.JOINED))
    await town.until(lambda: bool(town.delivered))
    assert says("start.room", plain(town.delivered[-1].document))
    assert town.delivered[-1].answers == ""


async def test_private_chat_that_becomes_a_group_says_so(town: FakeChannel, anna: Person) -> None:
    await town.hands_over(anna.inbound(happening=Happening.GROWN))
    await town.until(lambda: bool(town.delivered))
    assert says("room.grown", plain(town.delivered[-1].document))


async def test_greeting_after_the_welcome_does_not_repeat_it(town: FakeChannel) -> None:
    anna = town.person("anna")
    joined = replace(anna.inbound(), happening=Happening.JOINED)
    await town.hands_over(joined)
    assert says("start", plain((await town.answer_to(joined.id)).document))
    assert says("greeting", await anna.says("Guten Tag"))
    assert says("start", await town.person("ben").says("Hallo"))
