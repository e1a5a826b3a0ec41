"""The folder of one account: files that must survive and that no other user may read.

One process holds it at a time (``process.lock``). A frozen process keeps that lock, so the next leader of the account
can take the folder from it (``bot.channels.matrix.handover``). These rules keep the frozen process from doing harm when
it wakes:

- It replaces a file only by a rename out of ``.writing-EPOCH-…``, a folder of its own. The next leader deletes that
  folder first, and a rename out of a deleted folder fails, wherever in its work the process was frozen.
- Its key store gets no further reader: ``login.json`` names a copy under another name. So no other process uses its
  database or its journal, which SQLite creates and deletes by name.
- Only folders of lower epochs are deleted. A process that wakes in the middle of taking the folder has the lower epoch.

A process makes its own folder before it asks the database whether it leads. So the next leader finds that folder.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from knowledge_base.errors import StoreError

LOCK = "process.lock"
WRITING = ".writing-"


class HeldError(Exception):
    """A folder that another process holds; ``holder``: its id, if it has written that."""

    def __init__(self, holder: str) -> None:
        super().__init__(holder)
        self.holder = holder


class Folder:
    """The folder ``STATE/matrix``: login, keys, pinned identities. Files are written whole or not at all, mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None
        self._writing: Path | None = None  # files are renamed from there to their place
        self._epoch = 0
        self._holder = ""
        self._let_go = False

    @property
    def held(self) -> bool:
        """Return whether this process has taken the folder."""
        return self._lock is not None

    def prepare(self, holder: str = "", epoch: int = 0) -> None:
        """Make the folder, and this process's writing folder in it; the module says why this comes first."""
        self.close()
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.chmod(0o700)
        self._writing = self.path / f"{WRITING}{epoch}-{secrets.token_hex(6)}"
        self._writing.mkdir(mode=0o700)
        self._holder, self._epoch, self._let_go = holder, epoch, False

    def open(self) -> None:
        """Take the folder: two writers would ruin the key store. Raise ``HeldError`` if another process holds it."""
        if self._lock:
            return
        if self._writing is None:
            self.prepare()
        path = self.path / LOCK
        lock = open(path, "a+", encoding="ascii", opener=_private)  # noqa: SIM115 - kept open
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            current = path.stat().st_ino == os.fstat(lock.fileno()).st_ino
        except OSError:
            current = False
        if not current:
            lock.seek(0)
            holder = lock.read()
            lock.close()
            raise HeldError(holder.strip())
        self._keep(lock)
        self.fence()

    def fence(self) -> None:
        """Keep every process of an earlier leadership from replacing a file here from now on."""
        for path in self.path.glob(f"{WRITING}*"):
            epoch = path.name.removeprefix(WRITING).partition("-")[0]
            if path != self._writing and epoch.isdecimal() and int(epoch) <= self._epoch:
                # Rename first: the folder is gone at once, and nothing can be added to it by its name.
                gone = path.with_name(f".gone-{secrets.token_hex(6)}")
                with suppress(FileNotFoundError):
                    path.replace(gone)
        for path in self.path.glob(".gone-*"):
            shutil.rmtree(path, ignore_errors=True)

    def seize(self) -> None:
        """Take the folder from a process that no longer leads; ``fence`` it first."""
        new = self._own(LOCK)
        lock = self._new(new)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._keep(lock)
            self._into_place(new, LOCK)
        except BaseException:
            self._lock = None
            lock.close()
            raise

    def _keep(self, lock: IO[str]) -> None:
        lock.seek(0)
        lock.truncate()
        lock.write(self._holder)
        lock.flush()
        self._lock = lock

    def close(self) -> None:
        """Let another process take the folder; write nothing until it is prepared again."""
        self._let_go = True
        if self._writing:
            shutil.rmtree(self._writing, ignore_errors=True)
            self._writing = None
        if self._lock:
            self._lock.close()
            self._lock = None

    def read(self, name: str) -> dict[str, Any] | None:
        """Return the value stored under a name; ``None`` without a readable one."""
        try:
            value = json.loads((self.path / name).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def write(self, name: str, value: Mapping[str, Any]) -> None:
        """Store a value under a name."""
        self.write_text(name, json.dumps(value, indent=1, ensure_ascii=False))

    def write_text(self, name: str, text: str) -> None:
        """Store a text; a kill in between leaves the old one. Raise ``StoreError`` if another process took over."""
        new = self._own(name)
        with self._new(new) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        self._into_place(new, name)

    def private_file(self, name: str) -> Path:
        """Return the path of a file that a library will fill; create it empty with mode 0600 if it is missing."""
        path = self.path / name
        path.touch(mode=0o600)
        path.chmod(0o600)
        return path

    def _own(self, name: str) -> Path:
        """Return the path for the next version of a file; a command without the folder writes beside the file."""
        if self._writing is None and self._let_go:
            raise _taken()
        return self._writing / name if self._writing else self.path / f"{name}.new"

    @staticmethod
    def _new(path: Path) -> IO[str]:
        try:
            return open(path, "w+", encoding="utf-8", opener=_private)
        except FileNotFoundError:
            raise _taken() from None

    def _into_place(self, new: Path, name: str) -> None:
        try:
            new.replace(self.path / name)
        except FileNotFoundError:
            raise _taken() from None
        sync_folder(self.path)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _taken() -> StoreError:
    return StoreError("Another process has taken the Matrix keys.")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
