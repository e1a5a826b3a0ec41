"""Sending: what each network fault means, and that it neither loses nor doubles a message."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.channels.telegram.limits import Pace
from bot.messages import Say
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import Urgency
from tests.bot.channels.telegram.rig import GROUP, REAL, Rig, make_settings, running
from tests.patience import PATIENCE_S
from tests.telegram_api import Fault, LoopbackApi
from tests.telegram_api.faults import broken, flood, unauthorised, unparsable

HELP = "So geht es"


def faults() -> dict[str, list[Fault]]:
    return {
        "lost reply": [Fault("sendMessage", "reply_lost")],
        "lost reply, then the look is lost, too": [
            Fault("sendMessage", "reply_lost"),
            Fault("editMessageText", "drop"),
        ],
        "lost reply, then away": [Fault("sendMessage", "reply_lost"), Fault("editMessageText", "refuse", 2)],
        "dropped": [Fault("sendMessage", "drop")],
        "500": [Fault("sendMessage", "refuse", 2)],
        "502": [broken("sendMessage", 502, 3)],
        "504": [broken("sendMessage", 504, 1)],
        "429": [flood("sendMessage", 1)],
        "401": [unauthorised("sendMessage", 2)],
        "can't parse": [unparsable()],
    }


@pytest.mark.parametrize("name", faults())
async def test_answer_arrives_once_despite_any_network_fault(name: str, rig: Rig) -> None:
    planned = faults()[name]
    rig.api.fail(*planned)
    question = rig.world.say(rig.world.user(11), "hilfe")
    answer = await rig.world.answer(question)
    assert HELP in answer.text
    async with asyncio.timeout(PATIENCE_S):
        while (await states(rig)) != {"sent": 1}:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert planned[0].times == 0
    assert len(rig.world.answers(question)) == 1
    if name == "can't parse":
        assert answer.entities == []
        assert [call.status for call in rig.api.called("sendMessage")] == [400, 200]


async def test_bot_never_retries_before_retry_after(rig: Rig) -> None:
    rig.api.fail(flood("sendMessage", 1, times=2))
    await rig.ask(rig.world.user(11), "hilfe")
    attempts = [call.at for call in rig.api.called("sendMessage")]
    assert len(attempts) == 3
    assert all(later - earlier >= 1 for earlier, later in itertools.pairwise(attempts))


async def test_bulk_message_is_retried_if_telegram_was_not_reached(rig: Rig) -> None:
    """The bot never repeats a bulk message that may have arrived, but it retries if there was no connection."""
    anna = rig.world.user(11)
    await rig.ask(anna, "hilfe")
    port = int(rig.api.base_url.rpartition(":")[2].partition("/")[0])
    await rig.api.close()
    await store_bulk(rig, ["11"])
    async with asyncio.timeout(PATIENCE_S):
        while "ConnectError" not in await errors(rig):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await rig.api.listen(port)
    await rig.world.until(lambda: len(rig.world.said(anna)) == 2)
    async with rig.store.read() as tx:
        assert await tx.doubtful.all() == []


async def errors(rig: Rig) -> list[str | None]:
    async with rig.store.read() as tx:
        return list((await tx.connection.scalars(text("SELECT error FROM outbox"))).all())


async def test_messages_have_link_previews_disabled(rig: Rig) -> None:
    anna = rig.world.user(11)
    question = rig.world.say(anna, "Wer hat Mobilitätsprojekte gemacht?")
    answer = await rig.world.answer(question)
    await rig.press(anna, answer, 0)
    rig.world.edit(question, "Wer hat etwas zu Hitze gemacht?")
    query = rig.world.ask_inline(anna, "Mobilität")
    await rig.world.until(lambda: rig.world.queries[query] and answer.edits)
    await rig.settled()
    calls = [call.params for name in ("sendMessage", "editMessageText") for call in rig.api.called(name)]
    [inline] = rig.api.called("answerInlineQuery")
    calls += [result["input_message_content"] for result in inline.params["results"]]
    assert len(calls) > 4
    assert all(call["link_preview_options"] == {"is_disabled": True} for call in calls)


async def states(rig: Rig) -> dict[str, int]:
    async with rig.store.read() as tx:
        return await tx.outbox.count()


async def test_search_for_a_lost_answer_edits_no_other_message(rig: Rig) -> None:
    """Other messages of the bot are near: the answer to the previous question, and answers in other chats."""
    anna, ben = rig.world.user(11), rig.world.user(12)
    rig.api.fail(Fault("sendMessage", "reply_lost", after=3))
    questions = [rig.world.say(user, word) for word in ("hilfe", "help") for user in (anna, ben)]
    texts = []
    for question in questions:
        texts.append((await rig.world.answer(question)).text[:10])  # noqa: PERF401
    await rig.settled()
    assert texts == [texts[0], texts[0], texts[2], texts[2]]
    assert [len(rig.world.answers(question)) for question in questions] == [1, 1, 1, 1]
    assert all(message.edits == [] for user in (anna, ben) for message in rig.world.said(user))


async def test_unclear_bulk_message_is_listed_and_sent_again_if_an_admin_decides_so(rig: Rig) -> None:
    anna = rig.world.user(11)
    await rig.ask(anna, "hilfe")
    rig.api.fail(Fault("sendMessage", "reply_lost"))
    await store_bulk(rig, ["11"])
    await rig.settled()
    async with rig.store.begin() as tx:
        [doubtful] = await tx.doubtful.all()
        assert (doubtful.channel, doubtful.conversation, doubtful.urgency) == ("telegram", "11", Urgency.BULK)
        assert await tx.doubtful.decide(doubtful.id, repeat=True)
        assert not await tx.doubtful.decide("another", repeat=True)
    await rig.settled()
    assert len(rig.world.said(anna)) == 3
    async with rig.store.read() as tx:
        assert await tx.doubtful.all() == []


async def store_bulk(rig: Rig, chats: list[str], key: str = "rate.nothing") -> None:
    async with rig.store.begin() as tx:
        for chat in chats:
            payload = {"say": Say(key).to_json(), "language": "de"}
            await tx.outbox.add("telegram", chat, payload, urgency=Urgency.BULK)
    rig.bot.wake_senders()


async def test_blocked_bot_sends_nothing_until_the_user_starts_it_again(rig: Rig) -> None:
    world = rig.world
    anna = world.user(11)
    await rig.ask(anna, "hilfe")
    world.private(anna).blocked = True  # and Telegram does not tell
    await store_bulk(rig, ["11", "11", "11"])
    await rig.settled()
    assert [call.status for call in rig.api.called("sendMessage")] == [200, 403]
    async with rig.store.read() as tx:
        assert await tx.people.private_conversation("telegram", "11") is None
        assert (await tx.outbox.count())["dead"] == 3
    await rig.ask(anna, "hilfe")
    async with rig.store.read() as tx:
        assert await tx.people.private_conversation("telegram", "11") is None
    await world.answer(world.start(anna))
    async with rig.store.read() as tx:
        assert await tx.people.private_conversation("telegram", "11") == "11"


async def test_answer_reaches_a_group_that_became_a_supergroup(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    group = api.world.group(-77)
    settings = make_settings(api, tmp_path, telegram={"allowed_groups": (-77,)})
    async with running(api, live_store, settings) as rig:
        anna = api.world.user(11)
        api.world.add_bot(anna, group)
        await api.world.until(lambda: api.world.said(group))
        question = api.world.say(anna, "/hilfe", group)
        new = api.world.migrate(group, -1003333)
        await api.world.until(lambda: api.world.said(new))
        await rig.settled()
        assert HELP in api.world.said(new)[-1].text
        assert len(api.world.answers(question)) + len(api.world.said(new)) == 1
        async with live_store.read() as tx:
            for table in ("chat_context", "outbox", "button", "inbox"):
                left = await tx.connection.scalar(text(f"SELECT count(*) FROM {table} WHERE conversation = '-77'"))
                assert left == 0, table


async def test_answer_does_not_wait_for_bulk_messages_and_rate_limits_are_kept(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    async with running(api, live_store, make_settings(api, tmp_path), REAL) as rig:
        await crowded(rig)


async def crowded(rig: Rig) -> None:
    world = rig.world
    crowd = [world.user(1000 + number) for number in range(60)]
    for user in crowd:
        world.private(user).started = True
    anna = world.user(11)
    begun = time.monotonic()
    await store_bulk(rig, [str(user.id) for user in crowd])
    await rig.ask(anna, "hilfe")
    assert not all(world.said(user) for user in crowd), "the answer waited"
    for _ in range(2):
        await rig.ask(anna, "hilfe")
    await world.until(lambda: all(world.said(user) for user in crowd))
    sends = [call for call in rig.api.called("sendMessage") if call.status == 200]
    for number, call in enumerate(sends):  # from the beginning: what a busy machine held up comes late, and in a bunch
        assert number <= 31 * (1 + call.at - begun)
    to_anna = [call.at for call in sends if call.params["chat_id"] == 11 or call.params["chat_id"] == "11"]
    assert all(at - begun >= 0.98 * number for number, at in enumerate(to_anna))
    assert Counter(len(world.said(user)) for user in crowd) == {1: 60}


async def test_many_answers_to_one_user_do_not_delay_other_users(
    api: LoopbackApi, live_store: Store, tmp_path: Path
) -> None:
    """Each user gets one message a second; a user who asks a lot only waits themselves."""
    flood, late = api.world.user(11), api.world.user(12)
    payload = {"say": Say("thanks").to_json(), "language": "de"}
    for user in (flood, late):
        api.world.private(user).started = True
    async with live_store.begin() as tx:
        for user in (flood, flood, flood, flood, late):
            await tx.outbox.add("telegram", str(user.id), payload, urgency=Urgency.ANSWER)
    async with running(api, live_store, make_settings(api, tmp_path), Pace(overall=0, private=1.9)):
        await api.world.until(lambda: len(api.world.said(flood)) >= 2 and api.world.said(late))
    chats = [str(call.params["chat_id"]) for call in api.called("sendMessage") if call.status == 200]
    assert chats.index("12") == 1


async def test_long_answer_comes_in_parts_and_only_one_part_replies(rig: Rig) -> None:
    anna = rig.world.user(11)
    async with rig.store.begin() as tx:
        await tx.connection.execute(
            text("UPDATE record SET body = json_set(body, '$.text', :text) WHERE id = :id"),
            {"text": "Lang & <breit>. " * 700, "id": (result := await first_project(rig))},
        )
    question = rig.world.say(anna, f"!zeige {result}")
    await rig.world.until(lambda: len(rig.world.said(anna)) >= 3)
    await rig.settled()
    parts = rig.world.said(anna)
    assert len(rig.world.answers(question)) == 1
    assert all(len(part.text) <= 4096 for part in parts)
    assert "".join(part.text for part in parts).count("Lang & <breit>") == 700


async def first_project(rig: Rig) -> str:
    async with rig.store.read() as tx:
        result: str = await tx.connection.scalar(text("SELECT id FROM record WHERE kind = 'project' LIMIT 1"))
    return result


async def test_message_to_a_deleted_topic_is_given_up_and_the_others_are_sent(rig: Rig) -> None:
    world = rig.world
    anna = world.user(11)
    group = world.group(GROUP, forum=True, topics=(4,))
    world.add_bot(anna, group)
    await world.until(lambda: world.said(group))
    world.say(anna, "/hilfe", group, thread=5)
    await rig.ask(anna, "/hilfe", chat=group, thread=4)
    async with rig.store.read() as tx:
        assert (await tx.outbox.count())["dead"] == 1
