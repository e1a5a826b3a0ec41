"""A loopback Bot API and the bot on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.outgoing import retry
from knowledge_base.store.database import Store
from tests.bot.channels.telegram.rig import Rig, make_settings, running
from tests.telegram_api import LoopbackApi


@pytest.fixture(autouse=True)
def _brisk_outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retry failed messages as in production, only sooner."""
    monkeypatch.setattr(retry, "FIRST_PAUSE", timedelta(milliseconds=50))


@pytest.fixture
async def api() -> AsyncIterator[LoopbackApi]:
    """The test fails on calls that the real server would silently ignore."""
    async with LoopbackApi() as started:
        started.delivery.retry_scale = 0.01
        yield started
        assert started.violations == []


@pytest.fixture
async def rig(api: LoopbackApi, live_store: Store, tmp_path: Path) -> AsyncIterator[Rig]:
    """The bot, receiving by polling."""
    async with running(api, live_store, make_settings(api, tmp_path)) as started:
        yield started


@pytest.fixture(params=["polling", "webhook"])
async def either(
    request: pytest.FixtureRequest, api: LoopbackApi, live_store: Store, tmp_path: Path
) -> AsyncIterator[Rig]:
    """The bot, receiving either way."""
    settings = make_settings(api, tmp_path, webhook=request.param == "webhook")
    async with running(api, live_store, settings) as started:
        yield started
