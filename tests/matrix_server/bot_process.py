"""The bot as operators run it: ``run_bot.py serve`` in a process of its own, forked warm, which can be killed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.matrix_server.synapse import ROOT, Synapse, memory_folder
from tests.patience import PATIENCE_S
from tests.warm_process import WarmProcess, run


class BotProcess:
    """One account and its state folder; ``start`` as often as it is ended."""

    def __init__(self, server: Synapse, user_id: str, **settings: str) -> None:
        self.server = server
        self.user_id = user_id
        self.state = memory_folder("bot-")
        self.log = self.state / "log"
        self.process: WarmProcess | None = None
        self.settings = {
            "STATE_DIR": str(self.state),
            "MATRIX__HOMESERVER": server.url,
            "MATRIX__USER_ID": user_id,
            "MATRIX__PASSWORD": "secret",
            "MATRIX__JOINS_PER_HOUR": "0",
            "LIMITS__QUESTIONS_PER_HOUR": "0",
            "WEB__ENABLED": "false",
            "KNOWLEDGE__BUNDLE": "false",  # to read the bundle at each start takes longer than most tests
            "LOG__FORMAT": "json",
        } | settings
        models = ROOT / ".cache" / "models"
        (self.state / "models").symlink_to(models)

    @property
    def device_id(self) -> str:
        """Of its login, as it noted it."""
        device: str = json.loads((self.folder / "login.json").read_text())["device_id"]
        return device

    def environment(self, **more: str) -> dict[str, str]:
        own = {f"STADTLOTSE_{name}": value for name, value in (self.settings | more).items()}
        return {name: value for name, value in os.environ.items() if not name.startswith("STADTLOTSE_")} | own

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a further command of the product on the same state."""
        return run(arguments, self.environment(**more))

    def spawn(self, *options: str, **more: str) -> None:
        """Start it and do not wait."""
        self._let_go()
        self.process = WarmProcess(["serve", *options], self.environment(**more), self.log)

    def wait_ready(self) -> bool:
        """Wait for the READY line; ``False`` when the process ended before."""
        assert self.process is not None
        return any(line.startswith(b"READY") for line in iter(self.process.stdout.readline, b""))

    async def start(self, *options: str, ready: bool = True, **more: str) -> None:
        """Start it; ``ready``: wait until it listens."""
        self.spawn(*options, **more)
        if ready:
            assert await self.ready(), self.tail()

    async def ready(self) -> bool:
        """Wait for the READY line; ``False`` when the process ended before."""
        async with asyncio.timeout(PATIENCE_S):
            return await asyncio.to_thread(self.wait_ready)

    async def ended(self, patience: float = PATIENCE_S) -> int:
        """Wait for its end by itself; returns its exit code."""
        assert self.process is not None
        return await asyncio.to_thread(self.process.wait, patience)

    async def end(self, number: int = signal.SIGTERM) -> int:
        """Stop it in order (or otherwise); returns its exit code."""
        assert self.process is not None
        self.process.send_signal(number)
        return await self.ended()

    async def kill(self) -> None:
        await self.end(signal.SIGKILL)

    async def restart(self, **more: str) -> None:
        await self.end()
        await self.start(**more)

    def tail(self, size: int = 3000) -> str:
        return self.log.read_text()[-size:] if self.log.exists() else ""

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def folder(self) -> Path:
        return self.state / "matrix"

    def events(self, name: str) -> list[dict[str, Any]]:
        """Log lines of one event name."""
        text = self.log.read_text() if self.log.exists() else ""
        lines = (json.loads(line) for line in text.splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("event") == name]

    def memory(self) -> int:
        """Bytes in memory now."""
        assert self.process is not None
        result = subprocess.run(["ps", "-o", "rss=", "-p", str(self.process.pid)], capture_output=True, check=True)
        return 1024 * int(result.stdout)

    def close(self) -> None:
        """Nothing of it stays."""
        self._let_go()
        shutil.rmtree(self.state, ignore_errors=True)

    def _let_go(self) -> None:
        if self.process:
            self.process.close()
        self.process = None
