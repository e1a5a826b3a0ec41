"""The state folder: made for the bot alone, and never taken for a new one when it was in use before.

A missing or empty database beside the traces of an earlier installation is a mistake (a disk that is not mounted, a
file that was cut off). A new database in its place would hide it: known users would be strangers, and blocks would be
lost.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from knowledge_base.errors import StoreError
from knowledge_base.store.secret import FILE as SECRET

MARK = "installed"
# Files that only an installation with a database leaves. The secret does not count: a second machine may get it first.
TRACES = (MARK, "chat-history", "*/device-*.db")
PRIVATE = 0o077  # access bits of the group and others
PARTS = ("", "-wal", "-shm", "-journal")  # of a database file


def prepare(folder: Path) -> None:
    """Make the state folder, for its user alone; raise ``StoreError`` when that is impossible."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        reason = "it is a file" if folder.is_file() else error.strerror
        raise StoreError(
            f"The state folder {folder} cannot be used: {reason}.", remedy="Check STADTLOTSE_STATE_DIR."
        ) from error


def traces(folder: Path) -> list[str]:
    """Return the names of the files that an earlier installation left here."""
    return sorted(path.relative_to(folder).as_posix() for pattern in TRACES for path in folder.glob(pattern))


def lost(folder: Path, database: Path | None) -> StoreError | None:
    """Return the error about an empty database; ``None`` while the folder shows no earlier installation."""
    traces_found = traces(folder)
    if not traces_found:
        return None
    subject = f"The database {database}" if database else "The database"
    return StoreError(
        f"{subject} is missing or empty, but {folder} shows an earlier installation ({', '.join(traces_found[:3])}).",
        remedy="Find out what became of the database, or restore a backup (stadtlotse restore FILE). "
        "To begin with an empty one: stadtlotse migrate --new.",
    )


def is_gone(database: Path) -> bool:
    """Return whether a database file is missing or has no content."""
    return not database.exists() or (database.is_file() and database.stat().st_size == 0)


def mark(folder: Path) -> None:
    """Note that this folder has a database from now on."""
    try:
        with open(folder / MARK, "x", encoding="utf-8", opener=owner_only) as file:
            file.write("The bot made this file with its database, to notice when the database is lost.\n")
    except FileExistsError:
        return
    except OSError as error:
        raise StoreError(f"The state folder {folder} cannot be written: {error.strerror}.") from error


def tighten(folder: Path, database: Path | None) -> None:
    """Remove the access of group and others to the database and the secret, where the files are ours."""
    for path in _files(folder, database):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & PRIVATE and path.stat().st_uid == os.geteuid():
            with suppress(OSError):  # a folder that is read-only; ``open_to_others`` tells
                path.chmod(mode & ~PRIVATE)


def open_to_others(folder: Path, database: Path | None) -> Iterator[tuple[Path, int]]:
    """Yield the folder and its files that the group or others may use, each with its mode."""
    for path in (folder, *_files(folder, database)):
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & PRIVATE:
            yield path, mode


def _files(folder: Path, database: Path | None) -> list[Path]:
    named = [folder / SECRET, folder / MARK]
    named += [database.with_name(database.name + part) for part in PARTS] if database else []
    return [path for path in named if path.is_file()]


def owner_only(path: str, flags: int) -> int:
    """Open a file that no other user may read; the ``opener`` of ``open``."""
    return os.open(path, flags, 0o600)
