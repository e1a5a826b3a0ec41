"""The folder of one account: what must survive and nobody else may read."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from bot.ports import ChannelEndedError


class Folder:
    """``STATE/matrix``: login, keys, pinned identities. Files are written whole or not at all, mode 0600."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock: IO[str] | None = None

    def open(self) -> None:
        """Make it and take it: a key store that two processes write to is soon worth nothing."""
        if self._lock:
            return
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.chmod(0o700)
        lock = open(self.path / "process.lock", "w", encoding="ascii", opener=_private)  # noqa: SIM115 - kept open
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise ChannelEndedError(
                "Another process uses this Matrix account's keys.", remedy="Stop it first; one process may run."
            ) from None
        self._lock = lock

    def close(self) -> None:
        """Let another process take it."""
        if self._lock:
            self._lock.close()
            self._lock = None

    def read(self, name: str) -> dict[str, Any] | None:
        """What was kept under a name; ``None``: nothing, or nothing readable."""
        try:
            value = json.loads((self.path / name).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    def write(self, name: str, value: Mapping[str, Any]) -> None:
        """Keep a value under a name."""
        self.write_text(name, json.dumps(value, indent=1, ensure_ascii=False))

    def write_text(self, name: str, text: str) -> None:
        """Keep a text; a kill in between leaves the old one."""
        new = self.path / f"{name}.new"
        with open(new, "w", encoding="utf-8", opener=_private) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(self.path / name)

    def private_file(self, name: str) -> Path:
        """The path of a file that a library will fill; made empty with mode 0600 if it is not there."""
        path = self.path / name
        path.touch(mode=0o600)
        path.chmod(0o600)
        return path


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
