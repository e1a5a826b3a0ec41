"""The ``restore`` command: from a backup into either database, all or nothing.

People must not get twice what they got after the backup was made. So the restored bot sends no message that waited in
the backup (it is *held* for an admin) and answers no question of that time. Channels read their networks from the
present instead of where they stood.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Generator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, inspect, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.errors import InputError, StadtlotseError, StoreError
from knowledge_base.migrations import SCHEMA, upgrade
from knowledge_base.store.backup.archive import Manifest, unpack, working_folder
from knowledge_base.store.backup.create import JOURNALS, backup, database_file
from knowledge_base.store.backup.dump import TABLES, is_empty, load
from knowledge_base.store.consents import unlocked
from knowledge_base.store.database import Clock, create_engine, driver_url, reason, utc_now
from knowledge_base.store.key_values import RESTORED, Facts
from knowledge_base.store.known_time import forget_time
from knowledge_base.store.postgresql import give_time
from knowledge_base.store.processes import Processes
from knowledge_base.store.tables import consent, cursor, import_run, inbox, leader, outbox, process

QUIET = timedelta(minutes=1)  # without a sign of any process


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """The result of a restore. ``held`` messages wait for an admin, ``dropped`` questions stay without an answer."""

    made_at: datetime
    version: str
    rows: dict[str, int]
    files: tuple[str, ...]
    held: int
    dropped: int
    kept_aside: tuple[Path, ...]  # the copy of the earlier state


async def restore(
    archive: Path, url: str, state_dir: Path, *, force: bool = False, clock: Clock = utc_now
) -> RestoreReport:
    """Make the database at ``url`` and the state folder what they were when ``archive`` was made.

    Errors: ``InputError`` when the archive is incomplete or of another schema; ``StoreError`` when the bot runs, or
    when the database is not empty and ``force`` is not set. With ``force`` the present state is kept aside first.
    """
    try:
        file = database_file(url)
        with working_folder(
            file.parent if file else state_dir
        ) as work:  # so that a rename brings the file to its place
            manifest = await asyncio.to_thread(unpack, archive, work)
            _expect_schema(archive, manifest)
            return await _Restore(manifest, url, state_dir, work, force, clock).run()
    except DBAPIError as error:
        raise StoreError(f"The database refused: {reason(error)}.", remedy="Nothing was changed.") from error
    except OSError as error:
        raise StadtlotseError(
            f"The restore failed: {error.strerror or error}.", remedy="Check free space and permissions."
        ) from error


def _expect_schema(archive: Path, manifest: Manifest) -> None:
    if manifest.schema != SCHEMA or set(manifest.tables) != {table.name for table in TABLES}:
        raise InputError(
            f"{archive} holds schema {manifest.schema}, this version has {SCHEMA}.",
            remedy=f"Install version {manifest.version}, restore there, then upgrade.",
        )


class _Restore:
    def __init__(self, manifest: Manifest, url: str, state_dir: Path, work: Path, force: bool, clock: Clock) -> None:
        self._manifest, self._url, self._state_dir, self._work = manifest, url, state_dir, work
        self._force, self._clock, self._now = force, clock, clock()
        self._suffix = f".before-restore-{self._now:%Y%m%dT%H%M%SZ}"
        self._aside: list[Path] = []
        self._held = self._dropped = 0

    async def run(self) -> RestoreReport:
        file = database_file(self._url)
        await (self._into_server() if file is None else self._into_file(file))
        await asyncio.to_thread(self._put_state)
        return RestoreReport(
            made_at=self._manifest.made_at,
            version=self._manifest.version,
            rows={name: proof["rows"] for name, proof in self._manifest.tables.items()},
            files=tuple(self._manifest.files),
            held=self._held,
            dropped=self._dropped,
            kept_aside=tuple(self._aside),
        )

    async def _into_file(self, file: Path) -> None:
        """Build a new file beside the old one, which may be damaged; it takes its place when complete."""
        if await asyncio.to_thread(lambda: file.exists() and file.stat().st_size > 0):
            await self._expect_unused(file)
        new = self._work / "new.db"
        engine = create_engine(driver_url(f"sqlite:///{new}"))
        try:
            async with engine.execution_options(write=True).begin() as connection:
                await self._fill(connection)
        finally:
            await engine.dispose()
        await asyncio.to_thread(self._replace, file, new)

    async def _expect_unused(self, file: Path) -> None:
        engine = create_engine(driver_url(f"sqlite:///{file}"))
        try:
            async with engine.connect() as connection:
                await self._expect_quiet(connection)
                if await is_empty(connection):
                    return
        except DBAPIError:  # damaged, or another program's: keep it
            pass
        finally:
            await engine.dispose()
        if not self._force:
            raise _not_empty()

    async def _into_server(self) -> None:
        """Restore in one transaction: readers see the old state during it, and the new one afterwards."""
        engine = create_engine(driver_url(self._url))
        try:
            async with engine.begin() as connection:
                await give_time(connection)
                await connection.run_sync(upgrade)
                await self._expect_quiet(connection)
                used = not await is_empty(connection)
            if used and not self._force:
                raise _not_empty()
            if used:
                path = self._state_dir / f"database{self._suffix}.tar.gz"
                await backup(path, self._url, self._state_dir, clock=self._clock)
                self._aside.append(path)
            async with engine.begin() as connection:
                await give_time(connection)
                async with unlocked(connection):
                    await connection.execute(delete(consent))
                for table in reversed(TABLES):
                    await connection.execute(delete(table))
                await self._fill(connection)
        finally:
            await engine.dispose()

    async def _expect_quiet(self, connection: AsyncConnection) -> None:
        if not await connection.run_sync(lambda known: inspect(known).has_table("process")):
            return
        if living := len(await Processes(connection, self._now).living(within=QUIET)):
            raise StoreError(
                f"The bot is running on this database ({living} process{'es' if living > 1 else ''}).",
                remedy="Stop it; after a crash wait a minute. Then try again.",
            )

    async def _fill(self, connection: AsyncConnection) -> None:
        await connection.run_sync(upgrade)
        for table in TABLES:
            proof = self._manifest.tables[table.name]
            try:
                with closing(_lines(self._work / "tables" / f"{table.name}.jsonl")) as source:
                    loaded = await load(connection, table, source, proof["columns"])
            except (ValueError, KeyError, TypeError) as error:
                raise InputError(f"The backup holds rows of {table.name} that cannot be read.") from error
            if loaded != proof["rows"]:
                raise InputError(f"The backup names {proof['rows']} rows of {table.name} and holds {loaded}.")
        await self._settle(connection)

    async def _settle(self, connection: AsyncConnection) -> None:
        """Make sure that nothing of the backup's time happens again now."""
        waiting = outbox.c.state.in_(("new", "leased"))
        values = {"state": "held", "owner": None, "claimed_at": None}
        self._held = (await connection.execute(update(outbox).where(waiting).values(**values))).rowcount
        handled = {"state": "done", "payload": None, "handled_at": self._now}
        self._dropped = (
            await connection.execute(update(inbox).where(inbox.c.state == "new").values(**handled))
        ).rowcount
        await connection.execute(delete(cursor))
        staging = update(import_run).where(import_run.c.state == "staging")
        await connection.execute(staging.values(state="failed", finished_at=self._now))
        await connection.execute(delete(process))
        await connection.execute(delete(leader))
        facts = Facts(connection)
        await forget_time(facts)  # a backup is old; that does not make the clock wrong
        await facts.put(RESTORED, {"at": self._now.isoformat(), "made_at": self._manifest.made_at.isoformat()})

    def _replace(self, file: Path, new: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            with suppress(sqlite3.DatabaseError), closing(sqlite3.connect(file)) as old:
                old.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # so that the file alone is the whole database
            aside = self._keep_aside(file)
            for ending in JOURNALS:  # of a damaged file; a journal belongs to its file by name
                journal = file.with_name(file.name + ending)
                if journal.exists() and journal.stat().st_size:
                    journal.replace(aside.with_name(aside.name + ending))
                journal.unlink(missing_ok=True)
        new.chmod(0o600)
        new.replace(file)

    def _put_state(self) -> None:
        for name in self._manifest.files:
            target, source = self._state_dir / name, self._work / "state" / name
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            if target.exists():
                if target.read_bytes() == source.read_bytes():
                    continue
                self._keep_aside(target)
            shutil.move(source, target)

    def _keep_aside(self, path: Path) -> Path:
        aside = path.with_name(path.name + self._suffix)
        path.replace(aside)
        self._aside.append(aside)
        return aside


def _not_empty() -> StoreError:
    return StoreError(
        "The database is not empty.", remedy="Say --force to replace it; what is there now is kept aside first."
    )


def _lines(path: Path) -> Generator[bytes, None, None]:
    with path.open("rb") as file:
        yield from file
