"""Buttons: only the owner's first press in time has an effect; the bot answers every press at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from knowledge_base.embedding.port import Vectors
from knowledge_base.store.buttons import BUTTONS_LAST
from knowledge_base.store.database import Store
from tests.bot.channels.telegram.rig import GROUP, Rig, make_settings, running
from tests.fake_embedder import HashEmbedder
from tests.telegram_api import LoopbackApi
from tests.wording import says

QUESTION = "Wer hat Mobilitätsprojekte gemacht?"
FOREIGN, LATE, TWICE = "gehören der Person", "abgelaufen", "schon erledigt"


async def test_callback_data_of_a_button_is_random_and_unique(either: Rig) -> None:
    anna = either.world.user(11)
    first, second = [await either.ask(anna, QUESTION) for _ in range(2)]
    data = [button["callback_data"] for message in (first, second) for button in message.buttons]
    assert all(re.fullmatch(r"[\w-]{22}", one) for one in data)
    assert len(set(data)) == len(data)


async def test_only_the_asker_can_press_the_buttons_of_an_answer(either: Rig) -> None:
    world = either.world
    anna, ben, eve = world.user(11), world.user(12), world.user(13)
    group = world.group(GROUP)
    world.add_bot(anna, group)
    answer = await either.ask(anna, f"/frage {QUESTION}", chat=group)
    await either.ask(ben, "hilfe")
    for number in range(len(answer.buttons)):
        for other in (ben, eve):  # known to the bot, and not
            assert FOREIGN in await either.press(other, answer, number)
    await either.settled()
    said = len(world.said(group))
    assert await either.press(anna, answer, "1") == ""
    await world.until(lambda: len(world.said(group)) > said)


async def test_button_cannot_be_used_from_another_chat(either: Rig) -> None:
    anna = either.world.user(11)
    answer = await either.ask(anna, QUESTION)
    group = either.world.group(GROUP)
    either.world.add_bot(anna, group)
    there = await either.ask(anna, "/hilfe", chat=group)
    query = either.world.press_data(anna, there, answer.buttons[0]["callback_data"])
    assert FOREIGN in await either.toast(query)


async def test_second_press_of_a_button_has_no_effect(either: Rig) -> None:
    world = either.world
    anna = world.user(11)
    answer = await either.ask(anna, QUESTION)
    queries = [world.press(anna, answer, 0) for _ in range(4)]
    toasts = [await either.toast(query) for query in queries]
    assert min(toasts) == ""
    assert sum(TWICE in toast for toast in toasts) == 3
    await either.settled()
    assert len(world.said(anna)) == 2


async def test_expired_and_forged_presses_have_no_effect(either: Rig) -> None:
    world = either.world
    anna = world.user(11)
    answer = await either.ask(anna, QUESTION)
    await either.ask(anna, "Hitzeschutz in kleinen Städten")
    assert LATE in await either.press(anna, answer, "Mehr")  # "more" means another question by now
    await expire(either.store)
    assert LATE in await either.press(anna, answer, 0)
    for data in ("x", "A" * 64, "'; DROP TABLE button; --", "show bb-cottbus"):
        assert LATE in await either.toast(world.press_data(anna, answer, data))
    await either.settled()
    assert len(world.said(anna)) == 2
    async with either.store.begin() as tx:
        assert await tx.buttons.forget() > 0
    assert timedelta(days=1) < BUTTONS_LAST


@pytest.mark.parametrize("webhook", [False, True])
async def test_press_of_a_button_after_a_restart_counts_once(
    webhook: bool, api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    """Buttons are rows of the database: a restart neither resets a used button nor deletes an unused one."""
    world, settings = api.world, make_settings(api, tmp_path, webhook=webhook)
    anna, eve = world.user(11), world.user(13)
    async with running(api, live_store, settings) as rig:
        answer = await rig.ask(anna, QUESTION)
        assert await rig.press(anna, answer, 0) == ""
        await rig.settled()
    async with running(api, live_store, settings) as rig:
        assert TWICE in await rig.press(anna, answer, 0)
        assert FOREIGN in await rig.press(eve, answer, 1)
        press = world.press(anna, answer, 1)
        again = dict(world.updates[-1])
        assert await rig.toast(press) == ""
        await rig.settled()
        world.push_raw(again)  # the network delivers it once more
        assert TWICE in await rig.press(anna, answer, 1)
        await rig.settled()
        assert len(world.said(anna)) == 3


@pytest.mark.parametrize("webhook", [False, True])
async def test_presses_during_a_downtime_are_answered_and_the_first_one_counts(
    webhook: bool, api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    """The bot answers each press when it is back; the owner's first press in time counts, once."""
    world, settings = api.world, make_settings(api, tmp_path, webhook=webhook)
    anna, eve = world.user(11), world.user(13)
    async with running(api, live_store, settings) as rig:
        answer = await rig.ask(anna, QUESTION)
    good, twice, foreign = world.press(anna, answer, 0), world.press(anna, answer, 0), world.press(eve, answer, 1)
    unanswerable = world.press(anna, answer, 2)
    world.too_old.add(unanswerable)  # Telegram takes no answer to it any more
    async with running(api, live_store, settings) as rig:
        toasts = [await rig.toast(query) for query in (good, twice, foreign)]
        await rig.settled()
        assert len(world.said(anna)) == 3  # the answer, and what two buttons show
    assert toasts[0] == ""
    assert TWICE in toasts[1]
    assert FOREIGN in toasts[2]
    assert all(len(world.queries[query]) == 1 for query in (good, twice, foreign))


@pytest.mark.parametrize("webhook", [False, True])
async def test_press_is_refused_if_the_button_expired_during_a_downtime(
    webhook: bool, api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    world, settings = api.world, make_settings(api, tmp_path, webhook=webhook)
    anna = world.user(11)
    async with running(api, live_store, settings) as rig:
        answer = await rig.ask(anna, QUESTION)
    query = world.press(anna, answer, 0)
    await expire(live_store)
    async with running(api, live_store, settings) as rig:
        assert LATE in await rig.toast(query)
        await rig.settled()
    assert len(world.said(anna)) == 1


async def expire(store: Store) -> None:
    async with store.begin() as tx:
        await tx.connection.execute(text("UPDATE button SET expires_at = '2020-01-01 00:00:00'"))


async def test_press_without_a_known_message_is_answered_and_has_no_effect(either: Rig) -> None:
    """The bot knows no message for an inline result, and never makes such buttons."""
    world = either.world
    anna = world.user(11)
    answer = await either.ask(anna, QUESTION)
    for number, more in enumerate(({"data": "x"}, {"game_short_name": "x"}, {"data": answer.buttons[0]["text"]})):
        world.queries[query := f"77{number}"] = []
        world.happen(
            "callback_query", {"id": query, "from": anna.json(), "inline_message_id": "i", "chat_instance": "1"} | more
        )
        assert LATE in await either.toast(query)
    await either.settled()
    assert len(world.said(anna)) == 1


class Busy(HashEmbedder):
    """An embedder that takes as long for a question as the test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.done = asyncio.Event()
        self.done.set()

    async def embed_queries(self, texts: Sequence[str]) -> Vectors:
        await self.done.wait()
        return await super().embed_queries(texts)


@pytest.mark.parametrize("webhook", [False, True])
async def test_press_is_answered_at_once_while_the_bot_is_busy(
    webhook: bool, api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    busy = Busy()
    async with running(api, live_store, make_settings(api, tmp_path, webhook=webhook), embedder=busy) as rig:
        anna = rig.world.user(11)
        answer = await rig.ask(anna, QUESTION)
        busy.done.clear()
        questions = [rig.world.say(anna, QUESTION) for _ in range(20)]
        await rig.press(anna, answer, "Hilfreich")
        assert [rig.world.answers(question) for question in questions] == [[]] * 20
        busy.done.set()
        await rig.settled()


async def test_filter_button_narrows_the_question_down(either: Rig) -> None:
    world = either.world
    anna = world.user(11)
    answer = await either.ask(anna, "Welche Projekte gibt es zur Mobilität?")
    assert await either.press(anna, answer, "ländliche") == ""
    await world.until(lambda: len(world.said(anna)) == 2)
    assert says("understood.rural", world.said(anna)[-1].text)
