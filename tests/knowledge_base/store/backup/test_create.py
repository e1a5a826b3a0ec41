"""Backup and restore: during writes, onto both databases, with damaged files, and without sending twice."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import os
import sqlite3
import stat
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text

from bot.processes.leadership import Leadership
from knowledge_base.errors import InputError, StadtlotseError, StoreError
from knowledge_base.model import RecordKind
from knowledge_base.store.answers import GivenAnswer
from knowledge_base.store.backup.create import backup
from knowledge_base.store.backup.dump import TABLES, lines
from knowledge_base.store.backup.restore import restore
from knowledge_base.store.database import Store, create_engine, driver_url
from knowledge_base.store.inbox import Received
from knowledge_base.store.key_values import RESTORED
from knowledge_base.store.known_time import last_time, note_time
from knowledge_base.store.outbox import Urgency
from tests.claims import leading, term, to_handle, to_send
from tests.conftest import FixedClock
from tests.knowledge_base.store.rows import fill_tables

PROJECT = {
    "id": "p1",
    "title": "Straßenbahn für Chóśebuz",
    "text": 'Text\u2028mit 🚋 und "Zitat"',
    "topics": ["b", "a"],
}
LASTING = timedelta(minutes=1)


@pytest.fixture
def state_dir(tmp_path: Path) -> Path:
    """A state folder with files that a backup keeps and files that it leaves out."""
    folder = tmp_path / "state"
    for name, content in {
        "keys/signing.key": b"\x00\x01secret",
        "models/e5/model.onnx": b"large",
        "backups/old.tar.gz": b"old",
        "web.address": b"http://127.0.0.1:1",
        "serve.lock": b"",
        "stadtlotse.db": b"left from before the move to a server",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


async def fill(store: Store) -> None:
    """Put rows into every table."""
    async with store.begin() as tx:
        await tx.records.edit(RecordKind.PROJECT, "p1", dict(PROJECT))
        await tx.records.edit(
            RecordKind.MUNICIPALITY, "12052000", {"id": "12052000", "name": "Cottbus", "latitude": 51.76}
        )
        await tx.records.edit(RecordKind.PROJECT, "p2", {"id": "p2", "title": "Weg", "text": "Weg"})
        await tx.records.remove([(RecordKind.PROJECT, "p2")])
        await tx.vectors.add("model", {bytes([number]) * 16: bytes(range(number, 256)) for number in range(40)})
        await tx.facts.put("x", {"b": [1, None, "ü"], "a": True})
        await note_time(tx.facts, tx.now)
        await tx.facts.hold("held, and never put")
        person = await tx.people.identify("test", "@a", private_conversation="!a")
        await tx.people.remember(("test", "!a", "", person.id), {"text": "Frage"}, "a1", ["ask"])
        await tx.answers.add(
            GivenAnswer(id="a1", channel="test", event_id="$1", sure=False, language="de", shown=("p1",))
        )
        await tx.answers.rate("a1", person.id, True)
        await tx.answers.not_answered("Wer?", "wer", "de")
        await tx.buttons.make(("test", "!a", ""), person.id, "a1", ["more"])
        await tx.conversations.allow("test", "!group", "@admin")
        await tx.inbox.add([Received("test", f"${number}", "!a", "@a", {"text": "Frage"}) for number in range(3)])
        assert await tx.inbox.done((await to_handle(tx))[0])
        await tx.inbox.set_cursor("test", "s1")
        for number in range(3):
            await tx.outbox.add("test", f"!{number}", {"n": number}, urgency=Urgency.ANSWER, person_id=person.id)
        first, _second = await to_send(tx, "test", limit=2)
        await tx.outbox.sent(first, "$sent")
        await tx.imports.start("file.jsonl")
        rest = [table for table in TABLES if not await tx.connection.scalar(select(1).select_from(table).limit(1))]
        await fill_tables(tx, rest, person.id)


@asynccontextmanager
async def opened(url: str, clock: FixedClock) -> AsyncIterator[Store]:
    store = await Store.open(url, clock=clock)
    try:
        yield store
    finally:
        await store.close()


async def contents(url: str) -> dict[str, tuple[int, str]]:
    """Rows and SHA-256 of every table, read straight from the database."""
    engine = create_engine(driver_url(url))
    seen = {}
    async with engine.connect() as connection:
        for table in TABLES:
            read = [line async for line in lines(connection, table)]
            seen[table.name] = (len(read), hashlib.sha256(b"".join(read)).hexdigest())
    await engine.dispose()
    return seen


SETTLED = {"outbox", "inbox", "cursor", "import_run", "fact"}  # what a restore changes on purpose


@pytest.mark.parametrize("target", ["sqlite_url", "postgres_url"])
async def test_a_restore_brings_back_every_row_on_either_database(
    store: Store, database_url: str, target: str, state_dir: Path, tmp_path: Path, clock: FixedClock,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    await fill(store)
    report = await backup(tmp_path / "copy.tar.gz", database_url, state_dir, clock=clock)
    before = await contents(database_url)
    assert report.rows == {name: rows for name, (rows, _) in before.items()}
    assert all(rows for rows, _ in before.values()), "each table is tried"
    await store.close()

    url = request.getfixturevalue("postgres_url") if target == "postgres_url" else f"sqlite:///{tmp_path}/new/bot.db"
    new_state = tmp_path / "new"
    restored = await restore(tmp_path / "copy.tar.gz", url, new_state, clock=clock)
    after = await contents(url)
    assert {name: after[name] for name in after if name not in SETTLED} == {
        name: before[name] for name in before if name not in SETTLED
    }
    assert (restored.held, restored.dropped, restored.rows) == (2, 2, report.rows)
    assert (new_state / "keys/signing.key").read_bytes() == b"\x00\x01secret"
    assert restored.files == ("keys/signing.key",)
    async with opened(url, clock) as store_again:
        await assert_nothing_is_said_twice(store_again)


async def assert_nothing_is_said_twice(store: Store) -> None:
    """R17: waiting messages are held, old questions are not answered again, and numbering goes on."""
    async with store.begin() as tx:
        assert await tx.outbox.count() == {"sent": 1, "held": 2}
        assert await to_send(tx, "test") == []
        assert await tx.outbox.stranded(await term(tx, "test"), ()) == []
        assert await to_handle(tx) == []
        assert await tx.inbox.cursor("test") is None
        assert await tx.inbox.add([Received("test", "$0", "!a", "@a", {})]) == 0, "still known"
        assert await tx.facts.get(RESTORED)
        assert await last_time(tx.facts) is None, "a backup is old, and no clock is wrong for that"
        assert await tx.facts.get("x") == {"b": [1, None, "ü"], "a": True}
        await tx.inbox.add([Received("test", "$new", "!a", "@a", {})])
        (row,) = await to_handle(tx)
        assert row.seq > 3, "numbering goes on"
        await tx.outbox.add("test", "!new", {}, urgency=Urgency.ANSWER)
        await tx.answers.not_answered("Was?", "was", "de")
        await tx.records.edit(RecordKind.PROJECT, "p3", {"id": "p3", "title": "Neu", "text": "Neu"})
        p1 = await tx.records.get(RecordKind.PROJECT, "p1")
        assert p1 is not None
        assert dict(p1.body) == PROJECT


async def test_backup_during_writes_is_consistent(
    store: Store, database_url: str, tmp_path: Path, clock: FixedClock
) -> None:
    """Each transaction adds a row to two tables: both have the same number of rows in every copy."""
    stop = asyncio.Event()
    begun = asyncio.Event()

    async def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            async with store.begin() as tx:
                await tx.inbox.add([Received("test", f"${number}", "!a", "@a", {"text": "x" * 500})])
                await tx.outbox.add("test", "!a", {"n": number}, urgency=Urgency.ANSWER)
            begun.set()

    writing = asyncio.create_task(write())
    await begun.wait()
    reports = [
        await backup(tmp_path / f"{number}.tar.gz", database_url, tmp_path / "none", clock=clock) for number in range(5)
    ]
    stop.set()
    await writing
    assert all(report.rows["inbox"] == report.rows["outbox"] > 0 for report in reports)
    assert reports[-1].rows["inbox"] > reports[0].rows["inbox"], "the bot went on writing"
    last = tmp_path / "restored" / "bot.db"
    await restore(tmp_path / "4.tar.gz", f"sqlite:///{last}", last.parent, clock=clock)
    assert {name: rows for name, (rows, _) in (await contents(f"sqlite:///{last}")).items() if name == "outbox"} == {
        "outbox": reports[-1].rows["outbox"]
    }


@pytest.fixture
async def archive(sqlite_store: Store, sqlite_url: str, state_dir: Path, tmp_path: Path, clock: FixedClock) -> Path:
    await fill(sqlite_store)
    return (await backup(tmp_path / "copy.tar.gz", sqlite_url, state_dir, clock=clock)).path


def test_backup_is_a_single_file_that_only_its_owner_can_read(archive: Path) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert not list(archive.parent.glob(".stadtlotse-work-*"))
    with tarfile.open(archive) as tar:
        assert [name for name in tar.getnames() if name.startswith("state/")] == ["state/keys/signing.key"]
        assert tar.getnames()[-1] == "manifest.json"


async def test_leftovers_of_killed_backups_are_removed_after_a_day(
    sqlite_store: Store, sqlite_url: str, tmp_path: Path, clock: FixedClock
) -> None:
    old, young = tmp_path / ".stadtlotse-work-old", tmp_path / ".stadtlotse-work-young"
    for folder in (old, young):
        folder.mkdir()
        (folder / "copy.db").write_bytes(b"personal")
    os.utime(old, (0, 0))
    await backup(tmp_path / "copy.tar.gz", sqlite_url, tmp_path / "none", clock=clock)
    assert (old.exists(), young.exists()) == (False, True)


async def test_database_in_the_state_folder_is_copied_with_its_write_ahead_log(
    sqlite_store: Store, sqlite_url: str, state_dir: Path, tmp_path: Path, clock: FixedClock
) -> None:
    other = sqlite3.connect(state_dir / "keys.db")
    other.execute("PRAGMA journal_mode=WAL")
    other.execute("CREATE TABLE key (value)")
    other.execute("INSERT INTO key VALUES ('k')")
    other.commit()  # still in the write-ahead log alone
    await backup(tmp_path / "copy.tar.gz", sqlite_url, state_dir, clock=clock)
    other.close()
    await restore(tmp_path / "copy.tar.gz", f"sqlite:///{tmp_path}/new/bot.db", tmp_path / "new", clock=clock)
    with sqlite3.connect(tmp_path / "new" / "keys.db") as copied:
        assert copied.execute("SELECT value FROM key").fetchall() == [("k",)]
    copied.close()


async def test_restore_replaces_a_used_database_only_with_force_and_keeps_a_copy(
    store: Store, database_url: str, state_dir: Path, tmp_path: Path, clock: FixedClock
) -> None:
    await fill(store)
    archive = (await backup(tmp_path / "copy.tar.gz", database_url, state_dir, clock=clock)).path
    async with store.begin() as tx:
        await tx.records.edit(RecordKind.PROJECT, "later", {"id": "later", "title": "T", "text": "T"})
    await store.close()
    later = await contents(database_url)
    (state_dir / "keys/signing.key").write_bytes(b"newer")
    with pytest.raises(StoreError, match="--force"):
        await restore(archive, database_url, state_dir, clock=clock)
    assert await contents(database_url) == later
    assert (state_dir / "keys/signing.key").read_bytes() == b"newer"

    report = await restore(archive, database_url, state_dir, force=True, clock=clock)
    async with opened(database_url, clock) as restored, restored.read() as tx:
        assert await tx.records.get(RecordKind.PROJECT, "later") is None
    database, key = report.kept_aside
    assert key.read_bytes() == b"newer"
    if database.suffix == ".gz":  # a server's database is kept as a backup
        again = f"sqlite:///{tmp_path}/again/bot.db"
        await restore(database, again, tmp_path / "again", clock=clock)
        assert (await contents(again))["record"] == later["record"]
    else:
        assert (await contents(f"sqlite:///{database}"))["record"] == later["record"]


async def test_restore_is_refused_while_a_bot_is_running(
    store: Store, database_url: str, tmp_path: Path, clock: FixedClock
) -> None:
    await fill(store)
    archive = (await backup(tmp_path / "copy.tar.gz", database_url, tmp_path / "state", clock=clock)).path
    ended = Leadership(store, ["test"], place="here", settings={})
    async with leading(store, "test"):  # another process goes on: its sign is its own
        await ended.sign()
        await ended.leave()
        with pytest.raises(StoreError, match="running"):
            await restore(archive, database_url, tmp_path / "state", force=True, clock=clock)
    await restore(archive, database_url, tmp_path / "state", force=True, clock=clock)


async def test_forced_restore_replaces_a_damaged_database_and_keeps_a_copy(
    archive: Path, tmp_path: Path, clock: FixedClock
) -> None:
    broken = tmp_path / "broken" / "bot.db"
    broken.parent.mkdir()
    broken.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(StoreError, match="--force"):
        await restore(archive, f"sqlite:///{broken}", broken.parent, clock=clock)
    report = await restore(archive, f"sqlite:///{broken}", broken.parent, force=True, clock=clock)
    assert report.kept_aside[0].read_bytes().endswith(b"\xff")
    assert (await contents(f"sqlite:///{broken}"))["record"][0] == 3


async def test_backup_of_a_damaged_or_missing_database_is_refused(tmp_path: Path, clock: FixedClock) -> None:
    broken = tmp_path / "bot.db"
    broken.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(StoreError, match=r"damaged|copied"):
        await backup(tmp_path / "copy.tar.gz", f"sqlite:///{broken}", tmp_path / "state", clock=clock)
    with pytest.raises(StoreError, match="no database"):
        await backup(tmp_path / "copy.tar.gz", f"sqlite:///{tmp_path}/none.db", tmp_path / "state", clock=clock)
    assert [name for name in os.scandir(tmp_path) if name.name != "bot.db"] == []


async def test_failed_backup_leaves_the_older_backup_usable(archive: Path, tmp_path: Path, clock: FixedClock) -> None:
    with pytest.raises(StoreError):
        await backup(archive, f"sqlite:///{tmp_path}/none.db", tmp_path, clock=clock)
    await restore(archive, f"sqlite:///{tmp_path}/new/bot.db", tmp_path / "new", clock=clock)


async def test_backup_to_an_unwritable_target_is_refused(sqlite_store: Store, sqlite_url: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StadtlotseError, match="cannot be written"):
        await backup(tmp_path / "file" / "copy.tar.gz", sqlite_url, tmp_path / "state")


def repacked(archive: Path, change: dict[str, bytes | None], add: dict[str, bytes] | None = None) -> Path:
    """The archive with members replaced, left out (``None``) or added."""
    target = archive.with_name("changed.tar.gz")
    with tarfile.open(archive) as old, tarfile.open(target, "w:gz") as new:
        members = {m.name: source.read() for m in old if (source := old.extractfile(m))}
        for name, content in ({**members, **change} | (add or {})).items():
            if content is not None:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
    return target


def manifest_with(archive: Path, **values: object) -> bytes:
    with tarfile.open(archive) as tar:
        source = tar.extractfile("manifest.json")
        assert source is not None
        return json.dumps(json.load(source) | values).encode()


async def test_restore_refuses_incomplete_or_damaged_backups_and_changes_nothing(
    archive: Path, tmp_path: Path, clock: FixedClock
) -> None:
    truncated, text_file = repacked(archive, {}).rename(tmp_path / "truncated.tar.gz"), tmp_path / "text"
    os.truncate(truncated, truncated.stat().st_size - 200)
    text_file.write_text("no backup")
    hostile = manifest_with(archive, files={"../../evil": hashlib.sha256(b"x").hexdigest()})
    url = f"sqlite:///{tmp_path}/new/bot.db"

    async def refused(path: Path, match: str) -> None:
        with pytest.raises(InputError, match=match):
            await restore(path, url, tmp_path / "new", clock=clock)
        assert not (tmp_path / "new").exists() or list((tmp_path / "new").iterdir()) == []

    await refused(truncated, "cannot be read|incomplete")
    await refused(text_file, "cannot be read")
    await refused(tmp_path / "none", "cannot be read")
    await refused(repacked(archive, {"manifest.json": None}), "no manifest")
    await refused(repacked(archive, {"manifest.json": b"{}"}), "manifest cannot be read")
    await refused(repacked(archive, {"tables/record.jsonl": b"[]\n"}), "damaged: tables/record.jsonl")
    await refused(repacked(archive, {"state/keys/signing.key": None}), "damaged: state/keys/signing.key")
    await refused(repacked(archive, {"manifest.json": manifest_with(archive, format=99)}), "does not know")
    await refused(repacked(archive, {"manifest.json": manifest_with(archive, schema="9999")}), "schema 9999")
    await refused(repacked(archive, {"manifest.json": hostile}, {"state/../../evil": b"x"}), "damaged")
    assert not (tmp_path.parent / "evil").exists()


def forged(archive: Path) -> Path:
    """A backup with a valid manifest and unreadable rows: its restore fails halfway."""
    rows = b"[1]\n"
    with tarfile.open(archive) as tar:
        source = tar.extractfile("manifest.json")
        assert source is not None
        tables = json.load(source)["tables"]
    tables["outbox"] |= {"sha256": hashlib.sha256(rows).hexdigest()}
    return repacked(archive, {"tables/outbox.jsonl": rows, "manifest.json": manifest_with(archive, tables=tables)})


@pytest.mark.parametrize("target", ["sqlite_url", "postgres_url"])
async def test_restore_that_fails_halfway_leaves_the_old_database(
    archive: Path, target: str, tmp_path: Path, clock: FixedClock, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(target)
    if target == "postgres_url":
        async with opened(url, clock) as store:
            await fill(store)
    before = await contents(url)
    with pytest.raises(InputError, match="outbox"):
        await restore(forged(archive), url, tmp_path / "state", force=True, clock=clock)
    assert await contents(url) == before


async def test_backup_of_a_database_with_an_unknown_schema_is_refused(
    sqlite_store: Store, sqlite_url: str, tmp_path: Path
) -> None:
    async with sqlite_store.begin() as tx:
        await tx.connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(StoreError, match="schema 0000"):
        await backup(tmp_path / "copy.tar.gz", sqlite_url, tmp_path / "state")
