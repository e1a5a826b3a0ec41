"""Two independent client libraries talk to the loopback API as to the real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import telebot
from aiogram import Bot as AiogramBot
from aiogram.client.default import DefaultBotProperties
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramBadRequest, TelegramForbiddenError, TelegramRetryAfter, TelegramUnauthorizedError
from aiogram.types import BotCommand, InlineKeyboardButton, InlineKeyboardMarkup
from telebot import types

from tests.telegram_api import LoopbackApi
from tests.telegram_api.faults import flood


@pytest.fixture
async def api() -> AsyncIterator[LoopbackApi]:
    async with LoopbackApi() as running:
        yield running
        assert running.violations == []


@pytest.fixture
async def aiogram(api: LoopbackApi) -> AsyncIterator[AiogramBot]:
    session = AiohttpSession(api=TelegramAPIServer.from_base(api.base_url.removesuffix("/bot")))
    bot = AiogramBot(api.token, session=session, default=DefaultBotProperties(parse_mode="HTML"))
    yield bot
    await session.close()


async def test_aiogram_works_with_the_loopback_api(api: LoopbackApi, aiogram: AiogramBot) -> None:
    world = api.world
    user = world.user(11)
    question = world.say(user, "Hallo @stadtlotse_test_bot")
    [update] = await aiogram.get_updates(timeout=1)
    assert update.message is not None
    assert (update.message.text, update.message.entities[0].type) == (question.text, "mention")
    keyboard = InlineKeyboardMarkup(inline_keyboard=[[InlineKeyboardButton(text="Mehr", callback_data="x" * 64)]])
    sent = await aiogram.send_message(user.id, "<b>fett</b> &amp; 😀", reply_markup=keyboard)
    assert (sent.text, sent.entities[0].length) == ("fett & 😀", 4)
    query = world.press(user, world.said(user)[0], "Mehr")
    [pressed] = await aiogram.get_updates(offset=update.update_id + 1, timeout=1)
    assert pressed.callback_query is not None
    await aiogram.answer_callback_query(pressed.callback_query.id, "ok")
    assert world.queries[query][0]["text"] == "ok"
    with pytest.raises(TelegramBadRequest, match="message is not modified"):
        await aiogram.edit_message_text(
            "<b>fett</b> &amp; 😀", chat_id=user.id, message_id=sent.message_id, reply_markup=keyboard
        )
    await aiogram.edit_message_text("neu", chat_id=user.id, message_id=sent.message_id)
    await aiogram.set_my_commands([BotCommand(command="hilfe", description="Hilfe")], language_code="de")
    assert (await aiogram.get_my_commands(language_code="de"))[0].command == "hilfe"
    with pytest.raises(TelegramBadRequest, match='Unsupported start tag "x" at byte offset 4'):
        await aiogram.send_message(user.id, "ä  <x>y</x>")
    with pytest.raises(TelegramBadRequest, match="message is too long"):
        await aiogram.send_message(user.id, "😀" * 4097)
    await aiogram.send_message(user.id, "😀" * 4096)
    world.block(user)
    with pytest.raises(TelegramForbiddenError, match="bot was blocked by the user"):
        await aiogram.send_message(user.id, "da?")
    api.fail(flood("getMe", 3))
    with pytest.raises(TelegramRetryAfter, match="Flood control"):
        await aiogram.get_me()


async def test_a_wrong_token_is_refused(api: LoopbackApi) -> None:
    session = AiohttpSession(api=TelegramAPIServer.from_base(api.base_url.removesuffix("/bot")))
    with pytest.raises(TelegramUnauthorizedError):
        await AiogramBot("1:wrong", session=session).get_me()
    await session.close()


async def test_pytelegrambotapi_works_with_the_loopback_api(api: LoopbackApi, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telebot.apihelper, "API_URL", api.base_url.removesuffix("/bot") + "/bot{0}/{1}")
    world = api.world
    user = world.user(12)
    group = world.group(-1001, forum=True, topics=(7,))
    world.add_bot(user, group)
    world.say(user, "/hilfe", group, thread=7)
    world.ask_inline(user, "Mobilität")

    def conversation() -> None:
        bot = telebot.TeleBot(api.token, threaded=False)
        assert bot.get_me().username == "stadtlotse_test_bot"
        member, message, inline = bot.get_updates(timeout=1)
        assert member.my_chat_member.new_chat_member.status == "member"
        assert (message.message.message_thread_id, message.message.is_topic_message) == (7, True)
        sent = bot.send_message(group.id, "<i>ja</i>", parse_mode="HTML", message_thread_id=7)
        assert sent.entities[0].type == "italic"
        bot.set_message_reaction(group.id, message.message.message_id, [types.ReactionTypeEmoji("👀")])
        card = types.InlineQueryResultArticle("1", "Titel", types.InputTextMessageContent("Text"))
        assert bot.answer_inline_query(inline.inline_query.id, [card])
        assert bot.delete_message(group.id, sent.message_id)
        with pytest.raises(telebot.apihelper.ApiTelegramException, match="message thread not found"):
            bot.send_message(group.id, "wohin?", message_thread_id=8)
        bot.set_webhook("https://bot.example/hook", secret_token="abc")
        with pytest.raises(telebot.apihelper.ApiTelegramException, match="webhook is active"):
            bot.get_updates()
        bot.delete_webhook()

    await asyncio.to_thread(conversation)
    assert world.said(group) == []
