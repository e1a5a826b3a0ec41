"""Very deeply nested JSON and very long waits, from a sender with the secret or a false Bot API."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from telegram.error import RetryAfter

from bot.channels.port import TryLaterError
from bot.channels.telegram.api import load, meaning, seconds_of
from bot.channels.telegram.normalise import unreadable
from bot.channels.telegram.webhook import PATH, SECRET_HEADER, secret_of
from bot.messages import Happening
from knowledge_base.store.database import Store
from tests.bot.channels.telegram.rig import make_settings, running
from tests.telegram_api import LoopbackApi

DEPTHS = (100, 600, 900, 5_000, 200_000)


def nested(depth: int) -> str:
    return "[" * depth + "]" * depth


async def test_webhook_survives_deeply_nested_json(api: LoopbackApi, live_store: Store, tmp_path: Path) -> None:
    settings = make_settings(api, tmp_path, webhook=True)
    async with running(api, live_store, settings) as rig, httpx.AsyncClient(trust_env=False) as client:
        headers = {SECRET_HEADER: secret_of(api.token)}
        for depth in DEPTHS:
            for body in (
                nested(depth),
                f'{{"update_id": {depth}, "message": {nested(depth)}}}',
                f'{{"message": {nested(depth)}}}',
                f'{{"update_id": 1{depth}, "inline_query": {{"from": {{"id": 5}}, "query": {nested(depth)}}}}}',
            ):
                answer = await client.post(f"{settings.web.public_url}{PATH}", content=body, headers=headers)
                assert answer.status_code in (200, 400), depth
        assert (await rig.ask(rig.world.user(11), "hilfe")).text


@pytest.mark.parametrize("depth", DEPTHS)
def test_too_deeply_nested_json_raises_a_value_error(depth: int) -> None:
    try:
        update = load(nested(depth).encode())
    except ValueError:
        return
    assert unreadable(update).happening is Happening.UNREADABLE


@pytest.mark.parametrize("seconds", [0, 7, 86_400, 10**9, 10**12, 10**13])
def test_wait_that_telegram_asks_for_is_limited_to_a_day(seconds: int) -> None:
    try:
        error = RetryAfter(seconds)
    except OverflowError:
        return  # the library itself refuses it
    assert seconds_of(error) == timedelta(seconds=min(seconds, 86_400))
    result = meaning(error)
    assert isinstance(result, TryLaterError)
    assert result.after == seconds_of(error)
