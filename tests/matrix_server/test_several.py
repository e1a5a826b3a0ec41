"""Two processes with one Matrix account on one database: the leader sends, and the standby takes over."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.matrix_server.bot_process import BotProcess
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import Synapse
from tests.matrix_server.warm_bot import WarmBot
from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.servers, pytest.mark.matrix, pytest.mark.slow]

TAKEOVER_S = 15.0
SHARED, OWN = "shared", "own"
KILL, STOP, FREEZE = "kill", "stop", "freeze"


class Process(WarmBot):
    """One of several processes on a database; a test may freeze it."""

    def __init__(self, server: Synapse, user_id: str, url: str) -> None:
        BotProcess.__init__(self, server, user_id, DATABASE__URL=url)
        self._forked = None
        self._ready = None

    def signal(self, number: int) -> None:
        assert self._forked is not None
        assert self._forked.pid
        os.kill(self._forked.pid, number)

    async def go(self, how: str) -> None:
        """Stop the process in one of three ways."""
        if how == KILL:
            await self.kill()
        elif how == STOP:
            await self.end()
        else:
            self.signal(signal.SIGSTOP)

    async def says(self, event: str, times: int = 1) -> None:
        """Wait for a line of its log."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.events(event)) < times:  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.1)

    def close(self) -> None:
        if self.alive:
            self.signal(signal.SIGCONT)
        super().close()


@dataclass
class Account:
    """One account, and the processes that serve it."""

    server: Synapse
    user_id: str
    processes: list[Process]

    async def start(self, folders: str) -> tuple[Process, Process]:
        """Start both; the first one leads."""
        process, other = self.processes
        if folders == SHARED:
            process.folder.mkdir(mode=0o700)
            other.folder.symlink_to(process.folder)
        await process.start()
        await process.says("matrix.identity")
        if folders == OWN:  # a second device is signed with the account's identity
            other.folder.mkdir(mode=0o700)
            shutil.copy2(process.folder / "identity.json", other.folder)
        await other.start()
        assert self.devices() == {process.device_id}, "a standby does not log in"
        if folders == OWN:
            await self._rehearse(process, other)
        return process, other

    async def _rehearse(self, process: Process, other: Process) -> None:
        """Let the second device log in: people share keys with the devices that they see."""
        await process.go(STOP)
        await other.says("matrix.identity")
        await process.start()
        await other.go(STOP)
        await process.says("matrix.identity", 2)
        await other.start()

    def devices(self) -> set[str]:
        result = self.server.admin("GET", f"/_synapse/admin/v2/users/{self.user_id}/devices")["devices"]
        return {one["device_id"] for one in result if one["display_name"] == "Stadtlotse"}


@pytest.fixture
def account(synapse: Synapse, postgres_url_with_schema: str) -> Iterator[Account]:
    user = synapse.register(f"bot{secrets.token_hex(4)}")
    made = Account(synapse, user, [Process(synapse, user, postgres_url_with_schema) for _ in range(2)])
    yield made
    for process in made.processes:
        print("---", process.tail(5000))  # pytest shows it when the test has failed
        process.close()


async def asks(person: Person, rooms: list[str]) -> float:
    """Ask in every room; return how long it took until each question had one answer, and no second one came."""
    started = time.monotonic()
    asked = [(room, await person.say(room, "!hilfe")) for room in rooms]
    for room, question in asked:
        await person.answer(room, question)
    took = time.monotonic() - started
    for _ in range(3):
        await person.sync(500)
    assert [len(person.answers(room, question)) for room, question in asked] == [1] * len(asked)
    assert person.unreadable == {}
    return took


async def rooms_with(person: Person, account: Account) -> list[str]:
    return [await person.room_with(account.user_id, encrypted=encrypted) for encrypted in (False, True)]


CASES = [
    pytest.param(STOP, SHARED, id="stop-shared", marks=pytest.mark.campaign),
    pytest.param(FREEZE, SHARED, id="freeze-shared"),
    pytest.param(STOP, OWN, id="stop-own", marks=pytest.mark.campaign),
    pytest.param(KILL, SHARED, id="kill-shared", marks=pytest.mark.campaign),
    pytest.param(KILL, OWN, id="kill-own", marks=pytest.mark.campaign),
    pytest.param(FREEZE, OWN, id="freeze-own", marks=pytest.mark.campaign),
]


@pytest.mark.parametrize(("end", "folders"), CASES)
async def test_standby_answers_once_and_the_first_process_can_lead_again(
    account: Account, person: Person, end: str, folders: str
) -> None:
    folder, other = await account.start(folders)
    rooms = await rooms_with(person, account)
    await asks(person, rooms)
    led = len(folder.events("leadership.taken"))
    await folder.go(end)
    took = await asks(person, rooms)
    print(f"\n{end}, {folders} folder: answered after {took:.1f} s")
    assert took <= TAKEOVER_S
    if end == FREEZE:
        folder.signal(signal.SIGCONT)
        await folder.says("channel.stands_down")
    else:
        await folder.start()
    await asks(person, rooms)
    await other.go(KILL)
    await asks(person, rooms)
    assert len(folder.events("leadership.taken")) == led + 1
    assert len(account.devices()) == (1 if folders == SHARED else 2)
    if folders == SHARED:
        store = json.loads((folder.folder / "login.json").read_text())["store"]
        assert [path.name for path in folder.folder.glob("device-*.db")] == [store]


async def test_room_keys_sent_while_a_device_is_on_standby_are_not_lost(account: Account, person: Person) -> None:
    """A second device reads, then the first device again: it must have the keys that users shared with both."""
    one, other = await account.start(OWN)
    room = await person.room_with(account.user_id, encrypted=True)
    await asks(person, [room])
    await one.go(STOP)
    await asks(person, [room])
    later = await person.room_with(account.user_id, encrypted=True)  # its key goes to both devices, once
    await asks(person, [later])
    await one.start()
    await other.go(STOP)
    await asks(person, [room, later])


@pytest.mark.parametrize("place", [pytest.param("matrix.before_put", marks=pytest.mark.campaign), "matrix.after_put"])
async def test_second_device_does_not_resend_a_sent_but_unrecorded_message(
    account: Account, person: Person, place: str
) -> None:
    one, other = await account.start(OWN)
    rooms = await rooms_with(person, account)
    await asks(person, rooms)
    await one.go(STOP)
    await asks(person, rooms)
    await one.start(FAIL_AT=place)
    await other.go(STOP)
    asked = [(room, await person.say(room, "!hilfe")) for room in rooms]
    assert await one.ended() == -9
    await other.start()
    for room, question in asked:
        await person.answer(room, question)
    for _ in range(3):
        await person.sync(500)
    assert [len(person.answers(room, question)) for room, question in asked] == [1, 1]


async def test_device_without_the_identity_leaves_the_account_to_the_other_device(
    account: Account, person: Person
) -> None:
    process, other = account.processes
    await process.start()
    await process.says("matrix.identity")
    await other.start()
    rooms = await rooms_with(person, account)
    await process.go(FREEZE)
    await other.says("channel.ended")
    assert "recovery" in other.events("channel.ended")[0]["remedy"].lower()
    process.signal(signal.SIGCONT)
    await asks(person, rooms)


@pytest.fixture
def foreign(account: Account, postgres: str, postgres_with_schema: str) -> Iterator[Callable[[str], Process]]:
    made: list[Process] = []

    def make(url: str) -> Process:
        made.append(Process(account.server, account.user_id, url))
        return made[-1]

    yield make
    for process in made:
        print("---", process.tail(3000))
        process.close()


async def test_process_on_a_different_database_never_gets_the_keys(
    account: Account, person: Person, foreign: Callable[[str], Process], sqlite_with_schema: os.PathLike[str]
) -> None:
    process = account.processes[0]
    await process.start()
    rooms = await rooms_with(person, account)
    stranger = foreign("")
    stranger.settings.pop("DATABASE__URL")
    shutil.copy(sqlite_with_schema, stranger.state / "stadtlotse.db")
    stranger.folder.symlink_to(process.folder)
    await stranger.start(ready=False)
    await stranger.says("channel.ended")
    assert "another process" in stranger.events("channel.ended")[0]["reason"].lower()
    await asks(person, rooms)
