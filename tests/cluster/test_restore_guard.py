"""``restore`` replaces the database only when no process of the installation lives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.machine import Machine
from tests.cluster.town import Town

pytestmark = [pytest.mark.servers, pytest.mark.slow]


async def test_restore_is_refused_while_a_bot_process_is_running(
    place: Town, pair: list[Machine], tmp_path: Path
) -> None:
    one, other = pair
    file = str(tmp_path / "backup.tar.gz")
    code, _, error = await one.run("backup", file)
    assert code == 0, error
    for stopped in pair:
        code, _, error = await one.run("restore", "--force", file)
        assert code == 1, f"{sum(machine.alive for machine in pair)} machines live"
        assert error
        await stopped.stop()
    code, _, error = await one.run("restore", "--force", file)
    assert code == 0, error
    await other.start()
    (person,) = place.people(1)
    assert (await place.settled([place.world.say(person, "Hitzeschutz")])).right
