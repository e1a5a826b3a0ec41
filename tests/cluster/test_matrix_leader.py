"""Several machines have one Matrix account: the leader sends for it, and a standby takes over when it is gone."""

from __future__ import annotations

import secrets
import shutil
import time
from collections.abc import Callable

import pytest

from tests.cluster.counting import on_matrix
from tests.cluster.machine import Machine
from tests.cluster.town import TAKEOVER_S, Town, until
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import Synapse

pytestmark = [pytest.mark.servers, pytest.mark.matrix, pytest.mark.slow]

SHARED, OWN = "shared", "own"


async def two(place: Town, synapse: Synapse, folders: str) -> tuple[Machine, Machine, str]:
    """Start two machines with one account of Matrix; return the leader, the standby and the account.

    They share a key folder, or each has its own folder with its own device. Then both have led once, as operators
    rehearse it: users encrypt for the devices that they know.
    """
    account = synapse.register(f"bot{secrets.token_hex(4)}")
    settings = {
        "TELEGRAM__TOKEN": "", "TELEGRAM__WEBHOOK": "false", "MATRIX__HOMESERVER": synapse.url,
        "MATRIX__USER_ID": account, "MATRIX__PASSWORD": "secret", "MATRIX__JOINS_PER_HOUR": "0",
    }  # fmt: skip
    one, other = [await place.machine(**settings) for _ in range(2)]
    if folders == SHARED:
        (one.state / "matrix").mkdir(mode=0o700)
        (other.state / "matrix").symlink_to(one.state / "matrix")
        await one.start()
        await other.start()
        return one, other, account
    await one.start()
    (other.state / "matrix").mkdir(mode=0o700)
    for name in ("identity.json", "recovery-key.txt"):
        shutil.copy2(one.state / "matrix" / name, other.state / "matrix" / name)
    await other.start()
    await one.stop()
    assert await until(lambda: bool(other.events("matrix.identity"))), other.tail()
    await one.start()
    return other, one, account


async def asks(person: Person, rooms: list[str], text: str) -> list[tuple[Person, str, str]]:
    """Ask in every room; wait for the answers and a little longer, so that a second one would be there."""
    asked = [(person, room, await person.say(room, text)) for room in rooms]
    for _, room, question in asked:
        await person.answer(room, question)
    for _ in range(4):
        await person.sync(500)
    return asked


@pytest.mark.parametrize("folders", [SHARED, pytest.param(OWN, marks=pytest.mark.campaign)])
async def test_machines_with_one_matrix_account_answer_each_question_once(
    place: Town, synapse: Synapse, person: Person, folders: str
) -> None:
    _, _, account = await two(place, synapse, folders)
    rooms = [await person.room_with(account, encrypted=bool(number % 2)) for number in range(4)]
    for text in ("Hitzeschutz", "!hilfe"):
        tally = on_matrix(await asks(person, rooms, text))
        assert tally.right, tally
    assert [len(person.from_user(room, account)) for room in rooms] == [3] * 4, "a welcome and two answers"
    assert person.unreadable == {}


async def frozen(machine: Machine) -> None:
    machine.freeze()


async def stopped(machine: Machine) -> None:
    await machine.stop()


ENDS: dict[str, Callable[[Machine], object]] = {"kill": Machine.kill, "stop": stopped, "freeze": frozen}
CASES = [
    *(pytest.param(end, SHARED, id=f"{end}-shared", marks=pytest.mark.campaign) for end in ENDS),
    *(pytest.param(end, OWN, id=f"{end}-own", marks=pytest.mark.campaign) for end in ENDS),
]


@pytest.mark.parametrize(("end", "folders"), CASES)
async def test_standby_takes_over_and_answers_each_question_once(
    place: Town, synapse: Synapse, person: Person, end: str, folders: str, request: pytest.FixtureRequest
) -> None:
    leader, standby, account = await two(place, synapse, folders)
    rooms = [await person.room_with(account, encrypted=encrypted) for encrypted in (False, True)]
    before = await asks(person, rooms, "Hitzeschutz")
    await ENDS[end](leader)  # type: ignore[misc]
    started = time.monotonic()
    during = await asks(person, rooms, "!hilfe")
    took = time.monotonic() - started
    if leader.frozen:
        leader.thaw()
    after = await asks(person, rooms, "Wer hat Projekte zur Mobilität gemacht?")
    tally = on_matrix([*before, *during, *after])
    assert tally.right, tally
    assert person.unreadable == {}
    assert standby.alive
    if request.node.get_closest_marker("campaign"):
        assert took <= TAKEOVER_S + 2, "four half seconds of it are this test's"
