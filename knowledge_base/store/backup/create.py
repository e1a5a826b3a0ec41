"""The ``backup`` command: one consistent copy of everything that cannot be made again, while the bot runs.

The copy is logical (rows as lines), for both databases alike. So a backup of one can be restored into the other, needs
no database tool in the right version, and can be read in twenty years. It is consistent because all rows come from one
state. PostgreSQL gives a snapshot. SQLite's online backup gives a physical copy, which is checked and then read, so
that the running bot waits no longer than copying takes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.errors import StadtlotseError, StoreError
from knowledge_base.migrations import SCHEMA, current
from knowledge_base.store.backup.archive import ArchiveWriter, Manifest, working_folder
from knowledge_base.store.backup.dump import TABLES, lines
from knowledge_base.store.database import Clock, create_engine, driver_url, reason, utc_now
from knowledge_base.store.postgresql import SNAPSHOT, give_time
from knowledge_base.version import product_version

# Parts of the state folder that can be made again, belong to a running process, or are a copy.
NOT_KEPT = (
    *("models", "backups", ".*", "*.lock", "*.tmp", "*.sock", "*.tar", "*.gz", "web.address", "*before-restore*"),
    "installed",  # made for every opened database
    "stadtlotse.db",  # the default database, also when another one is used now
    "device-*.db",  # keys of a Matrix device: an old copy would use them twice; after a restore the bot takes a new one
)
SQLITE_MAGIC = b"SQLite format 3\0"
JOURNALS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class BackupReport:
    """The content of a backup."""

    path: Path
    size: int  # bytes
    rows: dict[str, int]
    files: tuple[str, ...]


async def backup(target: Path, url: str, state_dir: Path, *, clock: Clock = utc_now) -> BackupReport:
    """Write a backup of the database at ``url`` and of the state folder to ``target``; an older file is replaced.

    ``target`` gets its name when the backup is complete and on disk, never before. Raise ``StoreError`` when the
    database cannot be read, is damaged, or has another schema, ``StadtlotseError`` when ``target`` cannot be written.
    """
    try:
        with working_folder(target.parent) as work:
            return await _backup(target, url, state_dir, work, clock)
    except DBAPIError as error:
        raise StoreError(
            f"The database cannot be read: {reason(error)}.", remedy="Check that it can be reached."
        ) from error
    except OSError as error:
        raise StadtlotseError(
            f"The backup {target} cannot be written: {error.strerror or error}.",
            remedy="Check free space and permissions.",
        ) from error


async def _backup(target: Path, url: str, state_dir: Path, work: Path, clock: Clock) -> BackupReport:
    kind = driver_url(url).get_backend_name()
    manifest = Manifest(product_version(), SCHEMA, clock(), kind)
    with closing(ArchiveWriter(work, manifest)) as archive:
        async with _one_state(url, work) as connection:
            await _expect_schema(connection)
            for table in TABLES:
                writer = archive.table(table.name, [column.name for column in table.columns])
                async for line in lines(connection, table):
                    writer.write(line)
                writer.close()
        await asyncio.to_thread(_take_state, archive, state_dir, database_file(url), work)
        size = await asyncio.to_thread(archive.finish, target)
    rows = {name: proof["rows"] for name, proof in manifest.tables.items()}
    return BackupReport(target, size, rows, tuple(manifest.files))


def database_file(url: str) -> Path | None:
    """Return the file of an SQLite address."""
    address = driver_url(url)
    return Path(address.database) if address.get_backend_name() == "sqlite" and address.database else None


def copy_sqlite(source: Path, target: Path) -> None:
    """Copy a database in use by SQLite's online backup, in one step so that no writer restarts it."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True, timeout=30)) as from_,
        closing(sqlite3.connect(target)) as to,
    ):
        from_.backup(to)


@asynccontextmanager
async def _one_state(url: str, work: Path) -> AsyncIterator[AsyncConnection]:
    file = database_file(url)
    if file is None:
        engine = create_engine(driver_url(url)).execution_options(**SNAPSHOT)
    else:
        engine = create_engine(
            driver_url(f"sqlite:///{await asyncio.to_thread(_checked_copy, file, work / 'copy.db')}")
        )
    try:
        async with engine.connect() as connection:
            await give_time(connection)
            yield connection
    finally:
        await engine.dispose()


def _checked_copy(source: Path, target: Path) -> Path:
    remedy = "Restore an older backup; keep the damaged file for an expert."
    if not source.is_file():
        raise StoreError(f"There is no database {source}.", remedy="Check STADTLOTSE_STATE_DIR.")
    target.touch(mode=0o600)
    try:
        copy_sqlite(source, target)
        with closing(sqlite3.connect(target)) as copy:
            verdict = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise StoreError(f"The database {source} cannot be copied: {error}.", remedy=remedy) from error
    if verdict != "ok":
        raise StoreError(f"The database {source} is damaged: {verdict}.", remedy=remedy)
    return target


async def _expect_schema(connection: AsyncConnection) -> None:
    step = await connection.run_sync(current)
    if step is None:
        raise StoreError("The database is empty, so there is nothing to keep.", remedy="Check STADTLOTSE_STATE_DIR.")
    if step != SCHEMA:
        raise StoreError(
            f"The database has schema {step}, this version makes backups of {SCHEMA}.",
            remedy="Make the backup with the version that the bot runs with.",
        )


def _take_state(archive: ArchiveWriter, state_dir: Path, database: Path | None, work: Path) -> None:
    for path in _kept(state_dir, database):
        name = path.relative_to(state_dir).as_posix()
        with path.open("rb") as file:
            is_database = file.read(len(SQLITE_MAGIC)) == SQLITE_MAGIC
        if is_database:  # of another part that may be writing now
            copy = _checked_copy(path, work / "part.db")
            archive.state_file(copy, name)
            copy.unlink()
        else:
            archive.state_file(path, name)


def _kept(folder: Path, database: Path | None) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (
            any(fnmatch(path.name, pattern) for pattern in NOT_KEPT)
            or path.name.endswith(JOURNALS)
            or path.is_symlink()
        ):
            continue
        if path.is_dir():
            yield from _kept(path, database)
        elif path.is_file() and not (database and database.exists() and path.samefile(database)):
            yield path
