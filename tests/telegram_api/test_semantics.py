"""The loopback API follows the rules of the real API by which a client can lose messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiohttp import web

from tests.telegram_api import LoopbackApi
from tests.telegram_api.entities import parse_html
from tests.telegram_api.errors import Refusal
from tests.telegram_api.faults import Fault, broken, flood


@pytest.fixture
async def api() -> AsyncIterator[LoopbackApi]:
    async with LoopbackApi() as running:
        yield running


async def call(api: LoopbackApi, method: str, **params: Any) -> dict[str, Any]:
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        body: dict[str, Any] = (await client.post(f"{api.base_url}{api.token}/{method}", json=params)).json()
        return body


async def ids(api: LoopbackApi, **params: Any) -> list[int]:
    return [update["update_id"] for update in (await call(api, "getUpdates", **params))["result"]]


async def test_update_is_dropped_when_the_next_offset_arrives(api: LoopbackApi) -> None:
    anna = api.world.user(11)
    for _ in range(5):
        api.world.say(anna, "x")
    first = await ids(api)
    assert first == await ids(api, offset=0, limit=100) or len(first) == 5
    assert await ids(api, offset=first[2]) == first[2:]
    await asyncio.sleep(0.6)
    assert await ids(api, offset=-1) == first[-1:]
    await asyncio.sleep(0.6)
    assert await ids(api, limit=2) == first[-1:]


async def test_immediately_repeated_poll_gets_only_one_update(api: LoopbackApi) -> None:
    anna = api.world.user(11)
    for _ in range(3):
        api.world.say(anna, "x")
    assert len(await ids(api)) == 3
    assert len(await ids(api)) == 1


async def test_newer_poll_ends_the_older_poll(api: LoopbackApi) -> None:
    older = asyncio.create_task(call(api, "getUpdates", timeout=20))
    while api.delivery._poll is None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    newer = asyncio.create_task(call(api, "getUpdates", timeout=20))
    assert (await older)["description"].startswith("Conflict: terminated by other getUpdates request")
    api.world.say(api.world.user(11), "x")
    assert len((await newer)["result"]) == 1


async def test_allowed_updates_apply_when_an_update_is_made(api: LoopbackApi) -> None:
    anna = api.world.user(11)
    message = api.world.say(anna, "x")
    api.world.react(anna, message, "👍")
    assert len(await ids(api, allowed_updates=["message_reaction"])) == 1
    api.world.react(anna, message, "👍")
    api.world.say(anna, "y")
    assert len(await ids(api, offset=1, timeout=0)) == 2


async def test_unknown_methods_tokens_and_parameters_are_reported(api: LoopbackApi) -> None:
    assert (await call(api, "getNothing"))["description"] == "Not Found: method not found"
    assert (await call(api, "GETME", foo=1))["ok"]
    assert api.violations == ["GETME: unknown parameter 'foo'"]
    api.token = "nonsense"
    async with httpx.AsyncClient(trust_env=False) as client:
        assert (await client.post(f"{api.base_url}5:x/getMe")).status_code == 401


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("a < b", "Unclosed start tag at byte offset 2"),
        ("<h1>x</h1>", 'Unsupported start tag "h1" at byte offset 0'),
        ("ä<x>", 'Unsupported start tag "x" at byte offset 2'),
    ],
)
def test_html_is_refused_in_the_words_of_the_real_server(source: str, error: str) -> None:
    with pytest.raises(Refusal) as refusal:
        parse_html(source)
    assert refusal.value.description == f"Bad Request: can't parse entities: {error}"


def test_entity_offsets_count_utf_16_units_and_outer_space_is_cut() -> None:
    text, entities = parse_html("  😀<b> ü</b>&lt;&#x1F600;&unknown; <i> </i> ")
    assert text == "😀 ü<😀&unknown;"
    assert entities == [{"type": "bold", "offset": 2, "length": 2}]


class Hook:
    """A webhook page that records updates and answers as the test says."""

    def __init__(self) -> None:
        self.came: list[tuple[str, str]] = []  # text, secret
        self.refuse = 0
        self.at_once = self.most_at_once = 0

    async def receive(self, request: web.Request) -> web.Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        message = (await request.json())["message"]
        await asyncio.sleep(0.02)  # a handler that takes its time
        self.at_once -= 1
        if self.refuse:
            self.refuse -= 1
            return web.Response(status=500)
        self.came.append((message["text"], request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")))
        return web.Response()


@pytest.fixture
async def hook() -> AsyncIterator[tuple[Hook, str]]:
    page, app = Hook(), web.Application()
    app.router.add_post("/hook", page.receive)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield page, f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    await runner.cleanup()


async def test_webhook_gets_each_update_until_the_bot_accepts_it(api: LoopbackApi, hook: tuple[Hook, str]) -> None:
    page, url = hook
    api.delivery.retry_scale = 0.01
    page.refuse = 2
    anna, ben = api.world.user(11), api.world.user(12)
    for number in range(3):
        api.world.say(anna, f"a{number}")
        api.world.say(ben, f"b{number}")
    assert (await call(api, "setWebhook", url=url, secret_token="s3cret"))["ok"]
    await api.world.until(lambda: len(page.came) == 6 and not api.world.updates)
    texts = [text for text, _ in page.came]
    assert [text for text in texts if text[0] == "a"] == ["a0", "a1", "a2"]  # in order in each chat
    assert [text for text in texts if text[0] == "b"] == ["b0", "b1", "b2"]
    assert page.most_at_once == 2  # both chats beside each other
    assert {secret for _, secret in page.came} == {"s3cret"}
    assert api.delivery.posts.count(500) == 2
    assert "webhook is active" in (await call(api, "getUpdates"))["description"]
    assert (await call(api, "deleteWebhook"))["ok"]
    assert await ids(api) == []


async def test_unanswered_webhook_keeps_the_updates(api: LoopbackApi) -> None:
    api.delivery.retry_scale = 0.01
    api.world.say(api.world.user(11), "x")
    assert "HTTPS" in (await call(api, "setWebhook", url="http://bot.example"))["description"]
    assert "unallowed characters" in (await call(api, "setWebhook", url="https://x", secret_token="ä"))["description"]
    await call(api, "setWebhook", url="http://127.0.0.1:1/")
    await api.world.until(lambda: len(api.delivery.posts) > 2)
    info = (await call(api, "getWebhookInfo"))["result"]
    assert (info["pending_update_count"], info["last_error_message"][:18]) == (1, "Connection refused")
    await call(api, "deleteWebhook", drop_pending_updates=True)
    assert await ids(api) == []


async def refused(api: LoopbackApi, method: str, **params: Any) -> str:
    return str((await call(api, method, **params)).get("description", ""))


async def test_messages_to_unreachable_chats_are_refused(api: LoopbackApi) -> None:
    world = api.world
    anna, group = world.user(11), world.group(-5)
    assert "can't initiate conversation" in await refused(api, "sendMessage", chat_id=11, text="x")
    world.start(anna)
    world.block(anna)
    assert await refused(api, "sendMessage", chat_id=11, text="x") == "Forbidden: bot was blocked by the user"
    assert await refused(api, "sendMessage", chat_id=99, text="x") == "Bad Request: chat not found"
    assert "kicked from the group" in await refused(api, "sendMessage", chat_id=-5, text="x")
    world.add_bot(anna, group)
    world.migrate(group, -1009)
    moved = await call(api, "sendMessage", chat_id=-5, text="x")
    assert moved["parameters"] == {"migrate_to_chat_id": -1009}
    assert (await call(api, "getChat", chat_id=-1009))["result"]["type"] == "supergroup"
    assert (await call(api, "leaveChat", chat_id=-1009))["ok"]
    assert "kicked from the supergroup" in await refused(api, "sendMessage", chat_id=-1009, text="x")
    assert api.violations == []


async def test_api_refuses_texts_buttons_and_queries_beyond_their_limits(api: LoopbackApi) -> None:
    world = api.world
    anna = world.user(11)
    world.start(anna)

    def button(data: str) -> dict[str, Any]:
        return {"inline_keyboard": [[{"text": "x", "callback_data": data}]]}

    assert "too long" in await refused(api, "sendMessage", chat_id=11, text="x" * 4097)
    assert "text is empty" in await refused(api, "sendMessage", chat_id=11, text=" ")
    assert "BUTTON_DATA" in await refused(api, "sendMessage", chat_id=11, text="x", reply_markup=button("x" * 65))
    sent = (await call(api, "sendMessage", chat_id=11, text="x", reply_markup=button("x" * 64)))["result"]["message_id"]
    same = {"chat_id": 11, "message_id": sent, "text": "x", "reply_markup": button("x" * 64)}
    assert "message is not modified" in await refused(api, "editMessageText", **same)
    assert (await call(api, "editMessageText", **same | {"text": "y"}))["ok"]
    query = world.press(anna, world.said(anna)[0], 0)
    assert (await call(api, "answerCallbackQuery", callback_query_id=query))["ok"]
    world.too_old.add(query)
    assert "query is too old" in await refused(api, "answerCallbackQuery", callback_query_id=query)
    assert (await call(api, "sendMessageDraft", chat_id=11, draft_id=1, text="…"))["ok"]
    assert world.drafts == [(11, 1, "…")]
    assert (await call(api, "deleteMessage", chat_id=11, message_id=sent))["ok"]
    assert "not found" in await refused(api, "deleteMessage", chat_id=11, message_id=sent)


async def test_planned_faults_happen_once_and_later_calls_succeed(api: LoopbackApi) -> None:
    api.world.start(api.world.user(11))
    api.fail(
        Fault("sendMessage", "reply_lost"), Fault("sendMessage", "drop"), flood("sendMessage", 7),
        Fault("sendMessage", "hang", seconds=0.1), broken("sendMessage"), Fault("*", "refuse", code=401, after=1),
    )  # fmt: skip
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            await call(api, "sendMessage", chat_id=11, text="x")
    assert (await call(api, "sendMessage", chat_id=11, text="x"))["parameters"] == {"retry_after": 7}
    with pytest.raises(httpx.TransportError):
        await call(api, "sendMessage", chat_id=11, text="x")
    with pytest.raises(ValueError, match="Expecting value"):  # a gateway's page
        await call(api, "sendMessage", chat_id=11, text="x")
    assert len(api.world.said(api.world.users[11])) == 1  # the one whose reply was lost
    assert (await call(api, "getMe"))["ok"]
    assert (await call(api, "getMe"))["error_code"] == 401
    assert (await call(api, "sendMessage", chat_id=11, text="x"))["ok"]
