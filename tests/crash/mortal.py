"""A bot in a process of its own, to be killed again and again on a network that stays."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.crash import driver
from tests.crash.network import FileNetwork
from tests.crash.processes import PROCESSES
from tests.patience import PATIENCE_S


class Mortal:
    """``with``: nothing of it lives on after the block. ``kills`` counts how often it died."""

    def __init__(self, database: str, folder: Path, *, exactly_once: bool) -> None:
        self.database, self.exactly_once = database, exactly_once
        self.network = FileNetwork(folder)
        self.kills = 0
        self._folder = folder
        self._process: ForkServerProcess | None = None

    def start(self, fail_at: str = "", *, ahead: timedelta = timedelta(), shown: str = "") -> None:
        """Start it, and wait until it listens or is dead. ``ahead`` and ``shown``: its clock, see ``driver.entry``."""
        (self.network.outgoing / "ready").unlink(missing_ok=True)
        arguments = (self.database, str(self._folder), self.exactly_once, fail_at, ahead, shown)
        self._process = PROCESSES.Process(target=driver.entry, args=arguments)
        self._process.start()
        self.until(lambda: self.network.ready() or self.exit_code is not None)

    @property
    def exit_code(self) -> int | None:
        """``None`` while it lives."""
        return self._process.exitcode if self._process else None

    def kill(self) -> None:
        """Now, wherever it is."""
        assert self._process is not None
        self._process.kill()
        self._process.join()
        self.kills += 1

    def dies_by_itself(self) -> None:
        """The armed place is reached."""
        self.until(lambda: self.exit_code is not None)
        assert self.exit_code == -signal.SIGKILL
        self.kills += 1

    def stops(self) -> None:
        """In order, as told."""
        assert self._process is not None
        self._process.terminate()
        self._process.join(PATIENCE_S)
        assert self.exit_code == 0

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what is certain to come."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, "it takes too long"
            time.sleep(0.02)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self.exit_code is None:
            self._process.kill()
            self._process.join()
