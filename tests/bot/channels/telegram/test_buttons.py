"""Buttons: only the right person's first press in time does anything; every press gets a kind answer at once."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from knowledge_base.store.buttons import BUTTONS_LAST
from knowledge_base.store.database import Store
from tests.bot.channels.telegram.rig import GROUP, Rig, make_settings, running
from tests.telegram_api import LoopbackApi

QUESTION = "Wer hat Mobilitätsprojekte gemacht?"
FOREIGN, LATE, TWICE = "gehören der Person", "abgelaufen", "schon geschehen"


async def test_the_data_of_a_button_is_random_and_says_nothing(rig: Rig) -> None:
    anna = rig.world.user(11)
    first, second = [await rig.ask(anna, QUESTION) for _ in range(2)]
    data = [button["callback_data"] for message in (first, second) for button in message.buttons]
    assert all(re.fullmatch(r"[\w-]{22}", one) for one in data)
    assert len(set(data)) == len(data)


async def test_only_the_one_who_asked_may_press(rig: Rig) -> None:
    world = rig.world
    anna, ben, eve = world.user(11), world.user(12), world.user(13)
    group = world.group(GROUP)
    world.add_bot(anna, group)
    answer = await rig.ask(anna, f"/frage {QUESTION}", chat=group)
    await rig.ask(ben, "hilfe")
    for number in range(len(answer.buttons)):
        for other in (ben, eve):  # known to the bot, and not
            assert FOREIGN in await rig.press(other, answer, number)
    await rig.settled()
    said = len(world.said(group))
    assert await rig.press(anna, answer, "1") == ""
    await world.until(lambda: len(world.said(group)) > said)


async def test_another_chat_cannot_use_a_handle(rig: Rig) -> None:
    anna = rig.world.user(11)
    answer = await rig.ask(anna, QUESTION)
    group = rig.world.group(GROUP)
    rig.world.add_bot(anna, group)
    there = await rig.ask(anna, "/hilfe", chat=group)
    query = rig.world.press_data(anna, there, answer.buttons[0]["callback_data"])
    assert FOREIGN in await rig.toast(query)


async def test_a_second_press_does_nothing(either: Rig) -> None:
    world = either.world
    anna = world.user(11)
    answer = await either.ask(anna, QUESTION)
    queries = [world.press(anna, answer, 0) for _ in range(4)]
    toasts = [await either.toast(query) for query in queries]
    assert min(toasts) == ""
    assert sum(TWICE in toast for toast in toasts) == 3
    await either.settled()
    assert len(world.said(anna)) == 2


async def test_a_late_press_and_a_made_up_one_do_nothing(rig: Rig) -> None:
    world = rig.world
    anna = world.user(11)
    answer = await rig.ask(anna, QUESTION)
    await rig.ask(anna, "Hitzeschutz in kleinen Städten")
    assert LATE in await rig.press(anna, answer, "Mehr")  # "more" means another question by now
    async with rig.store.begin() as tx:
        await tx.connection.execute(text("UPDATE button SET expires_at = '2020-01-01 00:00:00'"))
    assert LATE in await rig.press(anna, answer, 0)
    for data in ("x", "A" * 64, "'; DROP TABLE button; --", "show bb-cottbus"):
        assert LATE in await rig.toast(world.press_data(anna, answer, data))
    await rig.settled()
    assert len(world.said(anna)) == 2
    async with rig.store.begin() as tx:
        assert await tx.buttons.forget() > 0
    assert timedelta(days=1) < BUTTONS_LAST


async def test_a_press_after_a_restart_counts_once(api: LoopbackApi, live_store: Store, tmp_path: Path) -> None:
    """The network delivers the same press again to the next process; the button itself is as good as before."""
    world = api.world
    anna = world.user(11)
    async with running(api, live_store, make_settings(api, tmp_path)) as rig:
        answer = await rig.ask(anna, QUESTION)
        assert await rig.press(anna, answer, 0) == ""
        await rig.settled()
    async with running(api, live_store, make_settings(api, tmp_path)) as rig:
        assert TWICE in await rig.press(anna, answer, 0)
        press = world.press(anna, answer, 1)
        again = dict(world.updates[-1])
        assert await rig.toast(press) == ""
        await rig.settled()
        world.push_raw(again)
        await rig.settled()
        assert len(world.said(anna)) == 3


async def test_every_press_is_answered_though_the_bot_is_busy(rig: Rig) -> None:
    world = rig.world
    anna = world.user(11)
    answer = await rig.ask(anna, QUESTION)
    for _ in range(20):
        world.say(anna, QUESTION)
    async with asyncio.timeout(3):
        await rig.press(anna, answer, "Hilfreich")
    async with rig.store.read() as tx:
        waiting = await tx.inbox.count()
    assert waiting.get("new", 0) >= 0


async def test_filters_narrow_the_question_down(rig: Rig) -> None:
    world = rig.world
    anna = world.user(11)
    answer = await rig.ask(anna, "Welche Projekte gibt es zur Mobilität?")
    assert await rig.press(anna, answer, "ländliche") == ""
    await world.until(lambda: len(world.said(anna)) == 2)
    assert "ländlich" in world.said(anna)[-1].text
