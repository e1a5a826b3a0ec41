"""A bot that starts at once, to be killed often; otherwise as ``BotProcess``."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.crash.processes import PROCESSES
from tests.matrix_server.bot_process import BotProcess
from tests.matrix_server.driver import entry
from tests.matrix_server.synapse import Synapse
from tests.patience import PATIENCE_S


class WarmBot(BotProcess):
    """An account and its state folder, with a database of vectors that need no model."""

    def __init__(self, server: Synapse, user_id: str, database: Path) -> None:
        super().__init__(server, user_id)
        shutil.copy(database, self.state / "stadtlotse.db")
        self._forked: ForkServerProcess | None = None
        self._ready: Connection | None = None

    def spawn(self, *options: str, **more: str) -> None:
        self._let_go()
        fail_at = more.pop("FAIL_AT", "")
        environment = {n: v for n, v in self.environment(**more).items() if n.startswith("STADTLOTSE_")}
        self._ready, theirs = PROCESSES.Pipe(duplex=False)
        self._forked = PROCESSES.Process(target=entry, args=(environment, str(self.log), fail_at, theirs))
        self._forked.start()
        theirs.close()

    def wait_ready(self) -> bool:
        assert self._ready is not None
        try:
            return bool(self._ready.recv())
        except EOFError:
            return False

    @property
    def alive(self) -> bool:
        return self._forked is not None and self._forked.is_alive()

    async def ended(self, patience: float = PATIENCE_S) -> int:
        assert self._forked is not None
        await asyncio.to_thread(self._forked.join, patience)
        if self._forked.exitcode is None:
            raise subprocess.TimeoutExpired("bot", patience)
        return self._forked.exitcode

    async def end(self, number: int = signal.SIGTERM) -> int:
        assert self._forked is not None
        if number == signal.SIGKILL:
            self._forked.kill()
        else:
            self._forked.terminate()
        return await self.ended()

    def _let_go(self) -> None:
        if self._ready is not None:
            self._ready.close()
        if self._forked is not None:
            self._forked.kill()
            self._forked.join()
            self._forked.close()
        self._ready = self._forked = None

    def close(self) -> None:
        self._let_go()
        super().close()
