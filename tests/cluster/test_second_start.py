"""A state folder belongs to one process: a second start is refused with an explanation, even when ports are free."""

from __future__ import annotations

import pytest

from tests.cluster.machine import Machine
from tests.cluster.town import Town, town

pytestmark = [pytest.mark.servers, pytest.mark.slow]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_second_start_on_a_state_folder_is_refused(kind: str, database: str) -> None:
    async with town(database, webhook=False) as place:
        first = await place.machine(WEB__PORT="0")
        if kind == "sqlite":
            first.settings["DATABASE__URL"] = ""
        second = await started_again(place, first)
        assert await second.ended() == 1
        assert str(first.state) in second.tail()
        tally = await place.settled([place.world.say(person, "Hitzeschutz") for person in place.people(10)])
        assert tally.right, tally
        await first.kill()
        await second.start()  # a process that was killed holds the folder no longer


async def started_again(place: Town, first: Machine) -> Machine:
    """Start a machine, and once more with the same settings."""
    await first.start()
    second = await place.machine(**first.settings)
    await second.spawn()
    return second
