"""Taking over the device's keys, also from a frozen process that still holds their lock.

The database decides who leads. It may say that this process leads and that the holder of the folder is one of its
processes. Then the holder no longer leads: it sends nothing, and nothing that it does later counts. The new leader
copies the holder's state, takes its right to write (``bot.channels.matrix.files``), and uses the copy. The holder
stored everything before sending it, so the copy holds it.

A frozen process may also hold a lock on its key store, in the middle of a transaction. Then the file is copied with its
journal, as after a crash, and SQLite rolls back the incomplete transaction.
"""

from __future__ import annotations

import asyncio
import os
import secrets
from dataclasses import replace
from glob import escape
from pathlib import Path

import structlog
from nio.store.database import SqliteDatabase

from bot.channels.matrix.files import Folder, HeldError, sync_folder
from bot.channels.matrix.login import keep, kept_login
from bot.channels.port import ChannelEndedError, Lead
from knowledge_base.errors import StoreError
from knowledge_base.failpoints import reached

log = structlog.get_logger()

LOOK_S = 0.5
RELEASE_S = 1.0  # a deposed process that still runs lets go by itself
UNKNOWN_S = 20.0  # a process that ends in order signs off before it lets go
BUSY_S = 1  # a transaction of a running process takes no longer
COPIES = 5  # attempts at a copy during which the holder writes nothing
JOURNAL = "-journal"


async def take(folder: Folder, lead: Lead | None) -> None:
    """Open the folder for this process; if necessary, take it from a process that no longer leads.

    ``lead`` is ``None`` where no other process can lead. Raise ``ChannelEndedError`` if a process that this database
    does not know holds the folder. Raise ``StoreError`` if this process does not lead, or the keys cannot be copied
    now.
    """
    folder.prepare(lead.process, await lead.confirm()) if lead else folder.prepare()
    try:
        await _take(folder, lead)
    finally:
        if not folder.held:
            folder.close()


async def _take(folder: Folder, lead: Lead | None) -> None:
    waited = 0.0
    while True:
        if lead:
            await lead.confirm()  # again, after preparing: see ``files``
        try:
            folder.open()
        except HeldError as held:
            deposed = bool(lead and held.holder and await lead.knows(held.holder))
        else:
            return
        if not lead or waited >= (RELEASE_S if deposed else UNKNOWN_S):
            break
        await asyncio.sleep(LOOK_S)
        waited += LOOK_S
    if not lead or not deposed:
        raise ChannelEndedError(
            "Another process uses this Matrix account's keys, and it does not work on this database.",
            remedy="Stop it first. Processes that share the key folder must share the database.",
        )
    await lead.confirm()
    depose(folder)


def depose(folder: Folder) -> None:
    """Take a prepared folder from a process that no longer leads. A kill in between leaves it to the next leader."""
    folder.fence()
    reached("matrix.fenced")
    login = kept_login(folder)
    if login and (folder.path / login.store).is_file():
        store = f"device-{login.device_id}.{secrets.token_hex(4)}.db"
        copy_store(folder.path / login.store, folder.private_file(store))
        reached("matrix.store_copied")
        keep(folder, replace(login, store=store))
    reached("matrix.store_named")
    folder.seize()
    log.warning("matrix.keys_taken_over", device=login.device_id if login else "")


def tidy(folder: Folder) -> None:
    """Delete the stores of this device that ``login.json`` does not name: copies that a kill or a takeover left."""
    if login := kept_login(folder):
        for path in folder.path.glob(f"device-{escape(login.device_id)}.*"):
            if path.name.removesuffix(JOURNAL) != login.store:
                path.unlink(missing_ok=True)


def copy_store(source: Path, target: Path) -> None:
    """Copy a key store while its owner may be frozen. Raise ``StoreError`` if no complete copy is possible now."""
    if not (_copied_by_sqlite(source, target) or any(_copied_as_it_is(source, target) for _ in range(COPIES))):
        raise StoreError("The Matrix key store is being written to.")
    if not _is_intact(target):
        raise StoreError("The copy of the Matrix key store is not whole.", remedy="End the process that was frozen.")
    with target.open("rb") as file:
        os.fsync(file.fileno())
    sync_folder(target.parent)


def _copied_by_sqlite(source: Path, target: Path) -> bool:
    """Copy one committed state; return ``False`` if the owner was stopped while writing it."""
    databases = [SqliteDatabase(str(path), timeout=BUSY_S) for path in (source, target)]
    try:
        from_, to = (database.connection() for database in databases)
        from_.execute("BEGIN")
        from_.execute("SELECT count(*) FROM sqlite_master").fetchone()  # takes the read lock: the copy need not wait
        from_.backup(to)
    except Exception as error:  # noqa: BLE001 - SQLite's errors, not imported here; the other way remains
        log.info("matrix.store_locked", error=str(error))
        return False
    finally:
        for database in databases:
            database.close()
    return True


def _copied_as_it_is(source: Path, target: Path) -> bool:
    """Copy file and journal as they are; return ``False`` if one of them changed meanwhile."""
    before = _versions(source)
    for ending in ("", JOURNAL):
        copy = target.with_name(target.name + ending)
        try:
            content = source.with_name(source.name + ending).read_bytes()
        except FileNotFoundError:
            copy.unlink(missing_ok=True)
            continue
        copy.touch(mode=0o600)
        copy.write_bytes(content)
    return _versions(source) == before


def _versions(store: Path) -> list[tuple[int, int, int]]:
    versions = []
    for path in (store, store.with_name(store.name + JOURNAL)):
        try:
            state = path.stat()
        except FileNotFoundError:
            continue
        versions.append((state.st_ino, state.st_size, state.st_mtime_ns))
    return versions


def _is_intact(store: Path) -> bool:
    """Return whether SQLite finds no fault; the check rolls back incomplete transactions."""
    database = SqliteDatabase(str(store), timeout=BUSY_S)
    try:
        return bool(database.connection().execute("PRAGMA integrity_check(1)").fetchone()[0] == "ok")
    except Exception:  # noqa: BLE001 - see above
        return False
    finally:
        database.close()
