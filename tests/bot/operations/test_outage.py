"""The bot watches a network that drops old updates, also across restarts, and alerts admins once of a possible loss."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.messages.markup import plain
from knowledge_base.store.database import Store
from tests.fakes import Person, settled
from tests.introducing import Networks, networks
from tests.wording import says

ADA = "@ada:b.example"


@pytest.fixture
async def net(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    async with networks(sqlite_store, tmp_path, admins=f"matrix:{ADA}") as running:
        yield running


@pytest.fixture
async def ada(net: Networks) -> Person:
    person = net.matrix.person(ADA)
    await person.says("!hilfe")
    return person


async def after(net: Networks, channel: str, **time: float) -> int:
    """Let time pass without contact, then reach the network again; return the number of all alerts."""
    absence = net.bot._absence
    net.store.now.advance(**time)  # type: ignore[attr-defined]
    for _ in range(2):
        absence.heard(channel)
        await absence()
    await settled(net.bot)
    return alerts(net)


@pytest.mark.usefixtures("ada")
async def test_admins_are_alerted_once_after_a_telegram_outage_that_may_lose_updates(net: Networks) -> None:
    assert await after(net, "telegram") == 0
    assert await after(net, "telegram", hours=19) == 0
    assert await after(net, "telegram", hours=19) == 0, "it was there in between"
    assert await after(net, "telegram", hours=21) == 1
    assert await after(net, "telegram", minutes=30) == 1
    net.bot._absence._noted.clear()  # the process is another one
    assert await after(net, "telegram", hours=30) == 2


@pytest.mark.usefixtures("ada")
async def test_outage_of_a_network_that_keeps_messages_causes_no_alert(net: Networks) -> None:
    assert await after(net, "matrix") == 0
    assert await after(net, "matrix", days=9) == 0


@pytest.mark.usefixtures("ada")
async def test_outage_alert_is_sent_only_after_the_network_is_back(net: Networks) -> None:
    assert await after(net, "telegram") == 0
    net.store.now.advance(days=3)  # type: ignore[attr-defined]
    await net.bot._absence()
    await settled(net.bot)
    assert alerts(net) == 0
    assert await after(net, "telegram") == 1


def alerts(net: Networks) -> int:
    return sum(says("alert.away", plain(message.document)) for message in net.matrix.delivered)
