"""The bot notices and replaces database connections that die silently, and no user waits for long."""

from __future__ import annotations

import time

import pytest

from tests.cluster.line import LostReplies
from tests.cluster.machine import Machine
from tests.cluster.town import Town

pytestmark = [pytest.mark.servers, pytest.mark.campaign]

NOTICED_S = 30.0


async def test_bot_replaces_idle_connections_that_the_network_dropped(place: Town) -> None:
    (machine,) = await place.running(1)
    people = place.people(8)
    assert (await place.settled([place.world.say(person, "!hilfe") for person in people])).right
    machine.database.forget()
    started = time.monotonic()
    tally = await place.settled([place.world.say(person, "Hitzeschutz") for person in people])
    took = time.monotonic() - started
    assert tally.right, tally
    assert took <= NOTICED_S
    assert (await machine.health())["status"] == "ok"


async def test_silent_transaction_frees_its_rows_in_time(place: Town, pair: list[Machine]) -> None:
    """The server waits for the next statement and holds locks; the process waits for the reply."""
    people = place.people(10)
    assert (await place.settled([place.world.say(person, "!hilfe") for person in people])).right
    for machine in pair:
        machine.database.lost = LostReplies(within="^(UPDATE|INSERT)", commits=False, silent=True, times=2)
    started = time.monotonic()
    asked = [place.world.say(person, "Hitzeschutz") for person in people]
    tally = await place.settled(asked)
    took = time.monotonic() - started
    assert sum(machine.database.lost.happened for machine in pair if machine.database.lost) > 0
    assert tally.right, tally
    assert took <= NOTICED_S
