"""Updates as real groups and users send them: albums, groups that become supergroups, addresses that are refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from knowledge_base.store.database import Store
from tests.bot.channels.telegram.rig import BRISK, GROUP, Rig, make_settings, running
from tests.bot.channels.telegram.town import Town, town_of
from tests.telegram_api import Chat, LoopbackApi, Message, User, World
from tests.telegram_api.world import BOT_NAME
from tests.wording import says

OLD, NEW = -5, -100777
NO_END, AT_ONCE = replace(BRISK, album=3600.0), replace(BRISK, album=0.0)
QUESTION = "Wer hat Mobilitätsprojekte gemacht?"
REFUSED = {
    "name+abo@stadt.example": "tag", "büro@stadt.example": "letters", "name@stadt": "host",
    "Name <name@stadt.example>": "form",
}  # fmt: skip


# --- albums -----------------------------------------------------------------------------------------------------------


def album(world: World, user: User, captions: list[str], chat: Chat | None = None, group: str = "1") -> list[Message]:
    """Send pictures as one album; Telegram makes a message of each."""
    sent = []
    for number, caption in enumerate(captions):
        photo = [{"file_id": f"f{number}", "file_unique_id": f"u{number}", "width": 9, "height": 9}]
        more: dict[str, Any] = {"caption": caption} if caption else {}
        sent.append(world.say(user, "", chat, photo=photo, media_group_id=group, **more))
    return sent


async def test_album_with_a_caption_on_its_first_picture_gets_the_answer_alone(either: Rig) -> None:
    anna = either.world.user(11)
    before = len(either.world.said(anna))
    pictures = album(either.world, anna, [QUESTION, "", "", "", "", ""])
    assert says("ask.found", (await either.world.answer(pictures[0])).text)
    await either.settled()
    assert len(either.world.said(anna)) == before + 1


async def test_album_without_a_caption_gets_one_hint(either: Rig) -> None:
    anna = either.world.user(11)
    for group in ("1", "2"):
        before = len(either.world.said(anna))
        album(either.world, anna, [""] * 6, group=group)
        await either.world.until(lambda before=before: len(either.world.said(anna)) > before)
        await either.settled()
        assert [says("ask.empty", hint.text) for hint in either.world.said(anna)[before:]] == [True]


@pytest.fixture(params=[False, True], ids=["polling", "webhook"])
def settings(request: pytest.FixtureRequest, api: LoopbackApi, tmp_path: Path) -> Settings:
    """Receive either way; the test starts the bot."""
    return make_settings(api, tmp_path, webhook=request.param)


async def send_in_parts(world: World, user: User, *parts: list[str]) -> list[Message]:
    """Send the pictures of one album so that the bot takes each part before the next one comes."""
    pictures: list[Message] = []
    for part in parts:
        pictures += album(world, user, part)
        await world.until(lambda: not world.updates)
    return pictures


@pytest.mark.parametrize(
    "parts", [[["", ""], ["", QUESTION], [""]], [[""], [""], [QUESTION]], [[QUESTION], [""], [""]]]
)
async def test_album_that_comes_in_several_batches_gets_the_answer_alone(
    api: LoopbackApi, live_store: Store, settings: Settings, parts: list[list[str]]
) -> None:
    anna = api.world.user(11)
    async with running(api, live_store, settings, NO_END) as rig:
        pictures = await send_in_parts(api.world, anna, *parts)
        asked = next(picture for picture in pictures if "caption" in picture.extra)
        assert says("ask.found", (await api.world.answer(asked)).text)
        await rig.settled()
    async with running(api, live_store, settings, AT_ONCE) as rig:  # a later process has nothing left to say
        await rig.ask(anna, "hilfe")
        await rig.settled()
    assert len(api.world.said(anna)) == 2


@pytest.mark.parametrize("captions", [["", QUESTION], [QUESTION, ""]])
async def test_album_that_comes_before_and_after_a_restart_gets_the_answer_alone(
    api: LoopbackApi, live_store: Store, settings: Settings, captions: list[str]
) -> None:
    anna = api.world.user(11)
    for caption in captions:
        async with running(api, live_store, settings, NO_END) as rig:
            await send_in_parts(api.world, anna, [caption])
            await rig.settled()
    async with running(api, live_store, settings, AT_ONCE) as rig:
        await rig.ask(anna, "hilfe")
        await rig.settled()
    assert [says("ask.found", message.text) for message in api.world.said(anna)] == [True, False]


async def test_album_without_a_caption_gets_its_hint_from_the_next_process(
    api: LoopbackApi, live_store: Store, settings: Settings
) -> None:
    anna = api.world.user(11)
    async with running(api, live_store, settings, NO_END) as rig:
        await send_in_parts(api.world, anna, ["", ""], [""])
        await rig.settled()
        assert not api.world.said(anna)
    async with running(api, live_store, settings, AT_ONCE) as rig:
        await api.world.until(lambda: api.world.said(anna))
        await send_in_parts(api.world, anna, [""])
        await rig.ask(anna, "hilfe")
        await rig.settled()
    assert [says("ask.empty", message.text) for message in api.world.said(anna)] == [True, False]


async def test_albums_of_two_users_do_not_hide_each_other(either: Rig) -> None:
    world = either.world
    questions = [album(world, world.user(number), [QUESTION, "", ""], group=str(number))[0] for number in (11, 12)]
    for question in questions:
        assert says("ask.found", (await world.answer(question)).text)
    await either.settled()
    assert [len(world.said(world.user(number))) for number in (11, 12)] == [1, 1]


@pytest.mark.parametrize("captions", [[f"@{BOT_NAME} {QUESTION}", "", ""], ["", "", f"/frage {QUESTION}"]])
async def test_album_in_a_group_gets_one_answer_if_its_caption_is_for_the_bot(either: Rig, captions: list[str]) -> None:
    world, anna, group = either.world, either.world.user(11), either.world.group(GROUP)
    world.add_bot(anna, group)
    await world.until(lambda: world.said(group))
    album(world, anna, ["", "was für ein Sommer", ""], group, group="2")
    asked = next(one for one in album(world, anna, captions, group) if "caption" in one.extra)
    assert says("ask.found", (await world.answer(asked)).text)
    await either.settled()
    assert len(world.said(group)) == 2


# --- ids that come again ----------------------------------------------------------------------------------------------


async def test_chat_goes_on_after_two_messages_with_the_same_id(either: Rig) -> None:
    world, anna = either.world, either.world.user(11)
    first = world.say(anna, QUESTION)
    await world.answer(first)
    world.happen("message", first.json() | {"text": "Wer hat Hitzeschutz?"})
    last = world.say(anna, "hilfe")
    assert says("help", (await world.answer(last)).text.replace("\u2060", ""))
    await either.settled()
    assert len(world.answers(first)) == 2
    assert len(world.answers(last)) == 1


# --- groups that become supergroups -----------------------------------------------------------------------------------


@pytest.mark.parametrize("notices", ["both", "only the old id", "only the new id", "new id first"])
async def test_questions_that_waited_while_their_group_became_a_supergroup_are_answered_once(
    api: LoopbackApi, live_store: Store, tmp_path: Path, notices: str
) -> None:
    world, anna = api.world, api.world.user(11)
    group = world.group(OLD, "Klein")
    settings = make_settings(api, tmp_path, telegram={"allowed_groups": (OLD,)})
    async with running(api, live_store, settings) as rig:
        world.add_bot(anna, group)
        await world.until(lambda: world.said(group))
        await rig.settled()
    before = [world.say(anna, f"/frage {words}", group) for words in ("Energie", "Mobilität")]
    new = world.migrate(group, NEW)
    arrange(world, notices)
    after = [world.say(anna, f"/frage {words}", new) for words in ("Hitze", "Schule")]
    async with running(api, live_store, settings) as rig:
        await world.until(lambda: len(world.said(new)) >= len(before) + len(after))
        await rig.settled()
        assert len(world.said(new)) == len(before) + len(after)
        assert not any(says("error.sorry", message.text) for message in world.said(new))
        for question in after:
            assert len(world.answers(question)) == 1


def arrange(world: World, notices: str) -> None:
    """Lose or reorder the two notices of a migration, the last updates."""
    old, new = world.updates[-2:]
    numbers = [old["update_id"], new["update_id"]]
    kept = {"both": [old, new], "only the old id": [old], "only the new id": [new], "new id first": [new, old]}[notices]
    world.updates[-2:] = [update | {"update_id": number} for update, number in zip(kept, numbers, strict=False)]


# --- addresses --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def town(api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> AsyncIterator[Town]:
    async with town_of(api, tmp_path, caplog) as running_town:
        yield running_town


def seen(message: Message) -> str:
    """Return a text as it looks; the bot joins what Telegram would otherwise make a link of."""
    return message.text.replace("\u2060", "")


@pytest.mark.parametrize("address", REFUSED)
@pytest.mark.parametrize("command", ["!wochenbrief mail", "!bestaetigen"])
async def test_refused_mail_address_is_explained_with_a_readable_example(
    town: Town, command: str, address: str
) -> None:
    answer = await town.rig.ask(town.rig.world.user(11), f"{command} {address}")
    assert says("verify.no_address", seen(answer))
    assert says(f"verify.why.{REFUSED[address]}", seen(answer))
    assert "name@stadt.example" in seen(answer)


async def test_missing_mail_address_is_asked_for_with_a_readable_example(town: Town) -> None:
    answer = await town.rig.ask(town.rig.world.user(11), "!wochenbrief mail")
    assert says("digest.no_address", seen(answer))
    assert "name@stadt.example" in seen(answer)


@pytest.mark.parametrize("address", ["name@stadt.example.", "name@büro-stadt.example", " Name@Stadt.Example, "])
async def test_address_at_the_end_of_a_sentence_or_of_an_umlaut_domain_is_taken(town: Town, address: str) -> None:
    answer = await town.rig.ask(town.rig.world.user(11), f"!wochenbrief mail {address}")
    assert says("digest.mail_asked", answer.text)
