"""Which process gets the device's keys, also from a frozen process, and what the frozen process can still do."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.files import Folder, HeldError
from bot.channels.matrix.handover import copy_store, depose, take, tidy
from bot.channels.matrix.login import LOGIN, kept_login
from bot.channels.matrix.pins import Pins, confirm, confirmed, pinned
from bot.channels.port import ChannelEndedError
from knowledge_base import failpoints
from knowledge_base.errors import StoreError
from tests.bot.channels.matrix.rig import ANNA, ME, ROOM, Rig

FORK = multiprocessing.get_context("fork")


class Database:
    """Knows which process leads, as the database does; ``lead`` gives a process its view of it."""

    def __init__(self) -> None:
        self.leader, self.epoch, self.known = "", 0, set[str]()

    def lead(self, process: str) -> LeadHere:
        """Let a process lead from now on."""
        self.leader, self.epoch = process, self.epoch + 1
        self.known.add(process)
        return LeadHere(self, process)


class LeadHere:
    """See ``bot.channels.port.Lead``."""

    def __init__(self, database: Database, process: str) -> None:
        self._database, self.process = database, process

    def holds(self) -> bool:
        return self._database.leader == self.process

    async def confirm(self) -> int:
        if not self.holds():
            raise StoreError("Another process leads the account.")
        return self._database.epoch

    async def knows(self, process: str) -> bool:
        return process in self._database.known


@pytest.fixture
def database() -> Database:
    return Database()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "matrix"


@pytest.fixture
def folder(path: Path) -> Iterator[Callable[..., Folder]]:
    """Make a folder for each process; the fixture closes them at the end."""
    made: list[Folder] = []

    def make(at: Path = path) -> Folder:
        made.append(Folder(at))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.channels.matrix.handover.LOOK_S", 0.01)
    monkeypatch.setattr("bot.channels.matrix.handover.RELEASE_S", 0.02)
    monkeypatch.setattr("bot.channels.matrix.handover.UNKNOWN_S", 0.05)


def logged_in(folder: Folder) -> Crypto:
    """A device in a folder, with keys."""
    folder.write(LOGIN, {"user_id": ME, "device_id": "BOT", "access_token": "t", "pickle_key": "key"})
    crypto = Crypto(ME, "BOT", folder, "key", new=True)
    crypto.key_upload(0, fallback=True)
    return crypto


def names(path: Path, pattern: str) -> list[str]:
    """The files of a folder."""
    return sorted(file.name for file in path.glob(pattern))


def contents(path: Path) -> dict[str, bytes]:
    """Every file but the stores."""
    return {file.name: file.read_bytes() for file in path.glob("*.json")}


def opened(folder: Folder) -> Crypto:
    login = kept_login(folder)
    assert login
    return Crypto(ME, "BOT", folder, "key", new=False, name=login.store)


# --- who gets the folder ----------------------------------------------------------------------------------------------


async def test_process_takes_a_folder_that_no_other_process_holds(
    path: Path, folder: Callable[..., Folder], database: Database
) -> None:
    for process in ("one", "other"):
        first = folder()
        await take(first, database.lead(process))
        assert first.held
        first.write("x.json", {"a": process})
        first.close()
    assert first.read("x.json") == {"a": "other"}


async def test_process_that_does_not_lead_cannot_take_the_folder(
    path: Path, folder: Callable[..., Folder], database: Database
) -> None:
    late = database.lead("late")
    database.lead("leader")
    with pytest.raises(StoreError):
        await take(folder(), late)
    assert names(path, "*") == []


async def test_folder_holder_of_another_database_is_never_deposed(
    path: Path, folder: Callable[..., Folder], database: Database
) -> None:
    foreign, mine = folder(), folder()
    await take(foreign, Database().lead("a stranger"))
    with pytest.raises(ChannelEndedError):
        await take(mine, database.lead("mine"))
    foreign.write("x.json", {"a": 1})
    assert not mine.held


async def test_folder_holder_without_a_name_is_never_deposed(
    path: Path, folder: Callable[..., Folder], database: Database
) -> None:
    unnamed, mine = folder(), folder()
    await take(unnamed, None)
    for lead in (None, database.lead("mine")):
        with pytest.raises(ChannelEndedError):
            await take(mine, lead)
    unnamed.write("x.json", {"a": 1})


async def test_process_waits_for_the_folder_holder_to_end_and_copies_nothing(
    path: Path, folder: Callable[..., Folder], database: Database
) -> None:
    first, other = folder(), folder()
    await take(first, database.lead("one"))
    crypto = logged_in(first)
    new = database.lead("other")

    async def confirm() -> int:  # the first time, it is still there
        if first.held and names(path, ".writing-2-*"):
            crypto.close()
            first.close()
        return 2

    new.confirm = confirm  # type: ignore[method-assign]
    await take(other, new)
    login = kept_login(other)
    assert login
    assert login.store == "device-BOT.db", "nothing had to be copied"


async def test_process_that_loses_its_leadership_while_waiting_takes_no_folder(
    path: Path, folder: Callable[..., Folder], database: Database
) -> None:
    first, other = folder(), folder()
    await take(first, database.lead("one"))
    slow = database.lead("slow")
    epochs = iter([2, 2])

    async def confirm() -> int:
        with suppress(StopIteration):
            return next(epochs)
        raise StoreError("Another process leads the account.")

    slow.confirm = confirm  # type: ignore[method-assign]
    with pytest.raises(StoreError):
        await take(other, slow)
    first.write("x.json", {"a": 1})
    assert not other.held


# --- what a deposed process can still do ------------------------------------------------------------------------------


async def test_deposed_process_cannot_change_the_state_of_its_successor(
    path: Path, folder: Callable[..., Folder], database: Database
) -> None:
    old, new = folder(), folder()
    await take(old, database.lead("old"))
    before = logged_in(old)
    pins = Pins(old)
    pins.pin(ANNA, "first")
    await take(new, database.lead("new"))
    after = opened(new)
    assert after.ed25519 == before.ed25519
    Pins(new).pin("@erika:a.example", "hers")
    state = contents(path)
    with pytest.raises(StoreError):
        old.write(LOGIN, {})
    with pytest.raises(StoreError):
        pins.pin("@bert:a.example", "his")
    with before.atomic():
        before.remember_encrypted("!only-there:a.example")
    assert contents(path) == state
    assert after.encrypted_rooms() == set()
    with after.atomic():
        after.remember_encrypted(ROOM)
    before.close()
    old.close()  # as when it stands down
    after.close()
    again = opened(new)
    assert again.encrypted_rooms() == {ROOM}
    assert set(pinned(new)) == {ANNA, "@erika:a.example"}
    with pytest.raises(HeldError):
        folder().open()
    again.close()


async def test_process_frozen_during_a_write_replaces_no_file_after_it_was_deposed(
    path: Path, folder: Callable[..., Folder], database: Database
) -> None:
    """At the last moment: the new file is complete, and only the rename is missing."""
    old, new = folder(), folder()
    await take(old, database.lead("old"))
    old.write("x.json", {"of": "old"})
    assert old._writing
    (old._writing / "x.json").write_text("{}")
    await take(new, database.lead("new"))
    new.write("x.json", {"of": "new"})
    with pytest.raises(StoreError):
        old._into_place(old._writing / "x.json", "x.json")
    assert new.read("x.json") == {"of": "new"}


async def test_process_frozen_while_taking_the_folder_cannot_take_it_when_it_wakes(
    path: Path, folder: Callable[..., Folder], database: Database
) -> None:
    late, new = folder(), folder()
    lead = database.lead("late")
    late.prepare(lead.process, await lead.confirm())
    await take(new, database.lead("new"))
    late.fence()
    new.write("x.json", {"of": "new"})
    with pytest.raises(StoreError):
        late.seize()
    assert new.read("x.json") == {"of": "new"}
    with pytest.raises(HeldError) as held:
        folder().open()
    assert held.value.holder == "new"


async def test_closed_folder_cannot_be_written_to(
    path: Path, folder: Callable[..., Folder], database: Database
) -> None:
    first = folder()
    await take(first, database.lead("one"))
    crypto = logged_in(first)
    crypto.close()
    first.close()
    with pytest.raises(StoreError):
        first.write(LOGIN, {})
    with pytest.raises(StoreError), crypto.atomic():
        crypto.remember_encrypted(ROOM)
    assert names(path, ".*") == []


async def test_operator_can_confirm_an_identity_while_a_process_holds_the_folder(
    path: Path, folder: Callable[..., Folder], database: Database
) -> None:
    first = folder()
    await take(first, database.lead("one"))
    confirm(folder(), ANNA, "new")
    assert confirmed(first) == {ANNA: "new"}


async def test_unused_copies_of_the_store_are_deleted(
    path: Path, folder: Callable[..., Folder], database: Database
) -> None:
    old, new = folder(), folder()
    await take(old, database.lead("old"))
    logged_in(old).close()
    for name in ("device-BOT.cafe0000.db", "device-BOT.cafe0000.db-journal", "device-OTHER.db"):
        (path / name).touch()
    await take(new, database.lead("new"))
    tidy(new)
    login = kept_login(new)
    assert login
    assert set(names(path, "device-*")) == {login.store, "device-OTHER.db"}


def _deposes(path: Path, epoch: int, place: str) -> None:
    """A process that is killed while it takes the folder."""
    failpoints.arm(place)
    mine = Folder(path)
    mine.prepare("killed", epoch)
    depose(mine)


@pytest.mark.parametrize("place", failpoints.HANDOVER)
async def test_next_leader_gets_the_keys_after_a_kill_during_the_takeover(
    path: Path, folder: Callable[..., Folder], database: Database, place: str
) -> None:
    old, new = folder(), folder()
    await take(old, database.lead("old"))
    crypto = logged_in(old)
    database.lead("killed")
    process = FORK.Process(target=_deposes, args=(path, database.epoch, place))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    await take(new, database.lead("new"))
    result = opened(new)
    assert result.ed25519 == crypto.ed25519
    tidy(new)
    assert len(names(path, "device-*.db")) == 1
    assert names(path, ".*") == [new._writing.name if new._writing else ""]
    result.close()
    crypto.close()


# --- copies of a store whose owner is frozen --------------------------------------------------------------------------


def _writes(folder: Path, told: Connection) -> None:
    """A process that runs one transaction after another, and reports each that is stored."""
    crypto = Crypto(ME, "BOT", Folder(folder), "key", new=False)
    number = 0
    while True:
        with crypto.atomic():
            for step in range(3):
                crypto.remember_encrypted(f"!{number}-{step}:a.example")
            crypto.key_upload(0, fallback=False)
        told.send(number)
        number += 1


def _copied_at_any_moment(tmp_path: Path, copies: Folder, times: int) -> None:
    rig = Rig(tmp_path)
    for event in rig.to_device:
        rig.crypto.read_to_device(event)
    rig.crypto.close()
    source = tmp_path / "bot" / "device-BOT.db"
    ours, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=_writes, args=(source.parent, theirs), daemon=True)
    process.start()
    assert process.pid
    stored = -1
    copies.open()
    try:
        for _ in range(times):
            time.sleep(random.uniform(0.0, 0.02))
            os.kill(process.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
            while ours.poll():
                stored = ours.recv()
            copy_store(source, copies.private_file("copy.db"))
            os.kill(process.pid, signal.SIGCONT)
            crypto = Crypto(ME, "BOT", copies, "key", new=False, name="copy.db")
            rooms = {room.partition(":")[0] for room in crypto.encrypted_rooms()}
            numbers = {int(room[1:].partition("-")[0]) for room in rooms}
            assert len(rooms) == 3 * len(numbers), "no transaction is there in part"
            assert numbers >= set(range(stored + 1)), "nothing that was stored is missing"
            assert crypto.decrypt(ROOM, rig.encrypted[0] | {"event_id": "$e"})["content"]["body"] == "eins"
            crypto.close()
            (copies.path / "copy.db").unlink()
    finally:
        process.kill()
        process.join()
        ours.close()
        theirs.close()
        rig.close()


def test_copy_of_a_frozen_store_holds_only_whole_transactions(tmp_path: Path, folder: Callable[..., Folder]) -> None:
    _copied_at_any_moment(tmp_path, folder(), 20)


@pytest.mark.campaign
def test_copy_of_a_frozen_store_holds_only_whole_transactions_at_1000_moments(
    tmp_path: Path, folder: Callable[..., Folder]
) -> None:
    _copied_at_any_moment(tmp_path, folder(), 1000)


def _writes_half(folder: Path) -> None:
    """A process that is frozen in the middle of a transaction."""
    owner = Crypto(ME, "BOT", Folder(folder), "key", new=False)
    database = owner._store.database
    database.connection().execute("PRAGMA cache_size = 1")  # so that pages are written before the end
    with database.atomic("EXCLUSIVE"):
        for number in range(2000):
            owner.remember_encrypted(f"!{number}:a.example")
        os.kill(os.getpid(), signal.SIGSTOP)


def test_copy_of_a_store_frozen_in_a_transaction_rolls_it_back(tmp_path: Path, folder: Callable[..., Folder]) -> None:
    """The frozen process locks the file, and has written pages of an incomplete transaction."""
    here = folder(tmp_path)
    here.open()
    crypto = Crypto(ME, "BOT", here, "key", new=True)
    crypto.key_upload(0, fallback=True)
    crypto.remember_encrypted(ROOM)
    process = FORK.Process(target=_writes_half, args=(tmp_path,), daemon=True)
    process.start()
    assert process.pid
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
    try:
        assert (tmp_path / "device-BOT.db-journal").stat().st_size > 0
        copy_store(tmp_path / "device-BOT.db", here.private_file("copy.db"))
    finally:
        process.kill()
        process.join()
    copy = Crypto(ME, "BOT", here, "key", new=False, name="copy.db")
    assert copy.encrypted_rooms() == {ROOM}
    assert copy.ed25519 == crypto.ed25519
    copy.close()
    crypto.close()
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


def test_damaged_store_is_not_copied(tmp_path: Path) -> None:
    (tmp_path / "old.db").write_bytes(b"SQLite format 3\0" + random.randbytes(8000))
    with pytest.raises(StoreError):
        copy_store(tmp_path / "old.db", tmp_path / "new.db")
