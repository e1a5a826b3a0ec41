"""What is due happens when a test says so, since the bot's own tick might be faster."""

from __future__ import annotations

import pytest

from bot.operations import ticker

NEVER_S = 86_400.0


@pytest.fixture(autouse=True)
def _only_the_first_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticker, "TICK_S", NEVER_S)
