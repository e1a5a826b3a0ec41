"""The loopback API keeps the rules that a client can lose messages by."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.telegram_api import LoopbackApi
from tests.telegram_api.entities import parse_html
from tests.telegram_api.errors import Refusal


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


async def test_an_update_is_forgotten_when_the_next_offset_arrives(api: LoopbackApi) -> None:
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


async def test_the_same_question_at_once_brings_one_update(api: LoopbackApi) -> None:
    anna = api.world.user(11)
    for _ in range(3):
        api.world.say(anna, "x")
    assert len(await ids(api)) == 3
    assert len(await ids(api)) == 1


async def test_the_newer_poll_ends_the_older(api: LoopbackApi) -> None:
    older = asyncio.create_task(call(api, "getUpdates", timeout=20))
    while api.delivery._poll is None:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    newer = asyncio.create_task(call(api, "getUpdates", timeout=20))
    assert (await older)["description"].startswith("Conflict: terminated by other getUpdates request")
    api.world.say(api.world.user(11), "x")
    assert len((await newer)["result"]) == 1


async def test_allowed_updates_hold_when_the_update_is_made(api: LoopbackApi) -> None:
    anna = api.world.user(11)
    message = api.world.say(anna, "x")
    api.world.react(anna, message, "👍")
    assert len(await ids(api, allowed_updates=["message_reaction"])) == 1
    api.world.react(anna, message, "👍")
    api.world.say(anna, "y")
    assert len(await ids(api, offset=1, timeout=0)) == 2


async def test_tokens_methods_and_unknown_parameters(api: LoopbackApi) -> None:
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


def test_offsets_are_utf_16_units_and_space_around_is_cut() -> None:
    text, entities = parse_html("  😀<b> ü</b>&lt;&#x1F600;&unknown; <i> </i> ")
    assert text == "😀 ü<😀&unknown;"
    assert entities == [{"type": "bold", "offset": 2, "length": 2}]
