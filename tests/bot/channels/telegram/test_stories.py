"""What users do on Telegram, the same by polling and by webhook."""

from __future__ import annotations

from sqlalchemy import text

from tests.bot.channels.telegram.rig import ADMIN, GROUP, SMALL_GROUP, Rig
from tests.telegram_api import Fault
from tests.wording import says


async def test_user_asks_in_two_languages_presses_buttons_and_edits_a_question(either: Rig) -> None:
    world = either.world
    anna = world.user(11)
    assert "So geht es" in (await either.ask(anna, "hilfe")).text
    german = await either.ask(anna, "Wer hat Mobilitätsprojekte gemacht?")
    for button, begins in (("Mehr", "Treffer 6"), (0, "")):  # in the language of the conversation, not of the command
        said = len(world.said(anna))
        assert await either.press(anna, german, button) == ""
        await world.until(lambda said=said: len(world.said(anna)) > said)
        assert world.said(anna)[-1].text.startswith(begins)
    assert says("show.source", world.said(anna)[-1].text)
    assert says("ask.found", german.text)
    assert any(entity["type"] == "bold" for entity in german.entities)
    assert german.extra["link_preview_options"] == {"is_disabled": True}
    question = world.say(anna, "Who has done mobility projects?")
    english = await world.answer(question)
    assert says("ask.found", english.text, "en")

    assert await either.press(anna, english, "Useful") == "Thank you, glad to hear it."
    assert await either.press(anna, english, "More") == ""
    further = (
        await world.until(lambda: [message for message in world.said(anna) if says("ask.more", message.text, "en")])
    )[0]
    assert [button["text"] for button in further.buttons][:1] == ["6"]
    assert await either.press(anna, further, "6") == ""
    await world.until(lambda: says("show.source", world.said(anna)[-1].text, "en"))

    before = len(world.said(anna))
    world.edit(question, "Who did something about heat?")
    await world.until(lambda: english.edits)
    await either.settled()
    assert len(world.said(anna)) == before
    assert len(world.answers(question)) == 1
    async with either.store.read() as tx:
        assert await tx.connection.scalar(text("SELECT count(*) FROM feedback")) == 0  # it was about another text


async def test_answers_in_a_group_stay_in_their_topic(either: Rig) -> None:
    world = either.world
    anna, ben = world.user(11), world.user(12)
    group = world.group(GROUP, forum=True, topics=(4, 9))
    world.add_bot(anna, group)
    await world.until(lambda: world.said(group))
    world.say(anna, "Weiß jemand etwas über Mobilität?", group, thread=4)  # not for the bot
    world.say(anna, "/hilfe@another_bot", group, thread=4)
    world.say(ben, "/unbekannt", group, thread=4)
    first = await either.ask(anna, "@stadtlotse_test_bot Wer hat Mobilitätsprojekte gemacht?", chat=group, thread=4)
    second = await either.ask(ben, "/frage@stadtlotse_test_bot Hitzeschutz", chat=group, thread=9)
    third = await either.ask(anna, "und in Potsdam?", chat=group, thread=4, reply_to=first)
    assert [first.thread, second.thread, third.thread] == [4, 9, 4]
    assert "Potsdam" in third.text
    await either.settled()
    assert len(world.said(group)) == 4
    assert says("press.foreign", await either.press(ben, first, 0))
    assert "Wer" not in str(world.said(group)[-1].text)


async def test_user_who_blocked_the_bot_is_reachable_again_only_after_start(either: Rig) -> None:
    world = either.world
    anna = world.user(11)
    await either.ask(anna, "hilfe")
    world.block(anna)
    await either.settled()
    await world.until(lambda: not world.updates)
    await either.settled()
    assert await reachable(either, "11") is None
    world.unblock(anna)
    await either.ask(anna, "Wer hat Mobilitätsprojekte gemacht?")  # is answered, but is no return
    assert await reachable(either, "11") is None
    await world.answer(world.start(anna))
    assert await reachable(either, "11") == "11"


async def reachable(rig: Rig, user: str) -> str | None:
    async with rig.store.read() as tx:
        return await tx.people.private_conversation("telegram", user)


async def test_deep_link_shows_a_project(either: Rig) -> None:
    anna = either.world.user(11)
    async with either.store.read() as tx:
        result = await tx.connection.scalar(text("SELECT id FROM record WHERE kind = 'project' AND length(id) < 40"))
    shown = await either.world.answer(either.world.start(anna, f"show_{result}"))
    assert says("show.source", shown.text)
    assert "ich bin Stadtlotse" in (await either.world.answer(either.world.start(anna, "whatever"))).text


async def test_bot_works_in_a_group_only_after_an_admin_allowed_it(either: Rig) -> None:
    world = either.world
    ada, ben = world.user(ADMIN), world.user(12)
    group = world.group(SMALL_GROUP)
    world.add_bot(ben, group)
    world.say(ben, "/hilfe", group)
    await either.settled()
    assert world.said(group) == []
    await either.ask(ada, "/start@stadtlotse_test_bot", chat=group)
    assert "So geht es" in (await either.ask(ben, "/hilfe", chat=group)).text
    new = world.migrate(group, -1002222)
    await either.settled()
    assert "So geht es" in (await either.ask(ben, "/hilfe", chat=new)).text
    world.remove_bot(ada, new)
    await either.settled()
    new.bot_is_in = True
    world.say(ben, "/hilfe", new)
    await either.settled()
    assert len(world.said(new)) == 1


async def test_group_admin_can_subscribe_the_group_but_a_member_cannot(either: Rig) -> None:
    world = either.world
    anna, ben = world.user(11), world.user(12)
    group = world.group(GROUP)
    world.add_bot(anna, group)
    await world.until(lambda: world.said(group))
    assert says("subscribe.admins_only", (await either.ask(ben, "/abo Mobilität", chat=group)).text)
    group.admins.add(ben.id)
    assert says("digest.into_room", (await either.ask(ben, "/abo Mobilität", chat=group)).text)
    either.api.fail(Fault("getChatMember", "refuse", code=400))
    assert says("subscribe.admins_only", (await either.ask(ben, "/abbestellen", chat=group)).text)


async def test_inline_query_of_an_unknown_user_gets_results_and_stores_no_user(either: Rig) -> None:
    query = either.world.ask_inline(either.world.user(13), "Mobilität")
    [answer] = await either.world.until(lambda: either.world.queries[query])
    assert len(answer["results"]) > 1
    assert all(
        result["title"] and "<b>" in result["input_message_content"]["message_text"] for result in answer["results"]
    )
    async with either.store.read() as tx:
        assert await tx.connection.scalar(text("SELECT count(*) FROM person")) == 0


async def test_thumb_on_an_answer_is_stored_as_feedback(either: Rig) -> None:
    world = either.world
    anna = world.user(11)
    answer = await either.ask(anna, "Wer hat Mobilitätsprojekte gemacht?")
    for emoji in ("👎", "👍"):
        world.react(anna, answer, emoji)
    await either.settled()
    async with either.store.read() as tx:
        assert [tuple(row) for row in await tx.connection.execute(text("SELECT useful FROM feedback"))] == [(1,)]


async def test_command_menu_exists_in_each_language_and_the_bot_shows_typing(either: Rig) -> None:
    world = either.world
    await either.ask(world.user(11), "Wer hat Mobilitätsprojekte gemacht?")
    assert (11, "typing") in world.actions
    await world.until(lambda: len(world.commands) == 4)
    shown = {
        language: [command["command"] for command in commands] for (_, language), commands in world.commands.items()
    }
    assert shown["de"][0] == shown[""][0] == "frage"
    assert (shown["en"][0], shown["pl"][0]) == ("ask", "pytanie")


async def test_photo_without_text_gets_an_answer(either: Rig) -> None:
    photo = [{"file_id": "x", "file_unique_id": "y", "width": 1, "height": 1}]
    assert says("ask.empty", (await either.ask(either.world.user(11), "", photo=photo)).text)
