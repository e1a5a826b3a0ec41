"""People of the stories; what is due happens when a story says so, since the bot's own tick might be faster."""

from __future__ import annotations

import pytest

from bot.operations import ticker
from tests.fakes import Person
from tests.introducing import Networks

NEVER_S = 86_400.0


@pytest.fixture(autouse=True)
def _only_the_first_tick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticker, "TICK_S", NEVER_S)


@pytest.fixture
def asker(town: Networks) -> Person:
    return town.matrix.person("@anna:potsdam.example")


@pytest.fixture
def colleague(town: Networks) -> Person:
    return town.matrix.person("@ben:kiel.example")


@pytest.fixture
def editor(town: Networks) -> Person:
    return town.matrix.person("@erika:redaktion.example")
