"""One machine: ``run_bot.py serve``, forked warm, with a state folder, a page port and lines of its own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import time
from collections.abc import Mapping
from typing import Any

import httpx

from tests.cluster.line import Line
from tests.matrix_server.synapse import ROOT, memory_folder
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.warm_process import WarmProcess, run


class Machine:
    """Start it as often as it is ended. ``settings`` are names of settings as environment variables, without prefix."""

    def __init__(self, name: str, database: Line, telegram: Line, settings: Mapping[str, str]) -> None:
        self.name = name
        self.database, self.telegram = database, telegram
        self.port = free_port()
        self.state = memory_folder(f"machine-{name}-")
        (self.state / "models").symlink_to(ROOT / ".cache" / "models")
        self.log = self.state / "log"
        self.settings = {"STATE_DIR": str(self.state), "WEB__PORT": str(self.port), **settings}
        self.announced = ""  # its READY line
        self.frozen = False
        self._process: WarmProcess | None = None

    @property
    def alive(self) -> bool:
        """True while the process exists, also while it is frozen."""
        return self._process is not None and self._process.poll() is None

    @property
    def works(self) -> bool:
        """True if it is ready and not frozen."""
        return self.alive and not self.frozen and bool(self.announced)

    def environment(self, **more: str) -> dict[str, str]:
        """Return the variables of a process of this machine."""
        own = {f"STADTLOTSE_{name}": value for name, value in (self.settings | more).items()}
        return {name: value for name, value in os.environ.items() if not name.startswith("STADTLOTSE_")} | own

    async def spawn(self, **more: str) -> None:
        """Start it and do not wait."""
        self._let_go()
        self._process = WarmProcess(["serve"], self.environment(**more), self.log)
        self.frozen, self.announced = False, ""

    async def start(self, **more: str) -> None:
        """Start it and wait until it is ready."""
        await self.spawn(**more)
        assert await self.ready(), self.tail()

    async def ready(self) -> bool:
        """Wait for the READY line; return ``False`` if the process ended before."""
        assert self._process is not None
        async with asyncio.timeout(PATIENCE_S):
            while line := (await asyncio.to_thread(self._process.stdout.readline)).decode():
                if line.startswith("READY"):
                    self.announced = line.strip()
                    return True
        return False

    async def ended(self) -> int:
        """Wait for its end; return its exit code."""
        assert self._process is not None
        return await asyncio.to_thread(self._process.wait, PATIENCE_S)

    async def kill(self) -> None:
        """Kill the process at any point of its work."""
        self._signal(signal.SIGKILL)
        await self.ended()

    async def stop(self) -> float:
        """Stop it in order; return the seconds that it took."""
        started = time.monotonic()
        self._signal(signal.SIGTERM)
        await self.ended()
        return time.monotonic() - started

    def freeze(self) -> None:
        """Freeze the process, as a paused machine: it does nothing, and its connections stay open."""
        self._signal(signal.SIGSTOP)
        self.frozen = True

    def thaw(self) -> None:
        """Let the frozen process continue."""
        self._signal(signal.SIGCONT)
        self.frozen = False

    async def run(self, *arguments: str, **more: str) -> tuple[int, str, str]:
        """Run a further command of the product on this machine; return exit code, stdout and stderr."""
        done = await asyncio.to_thread(run, arguments, self.environment(**more))
        return done.returncode, done.stdout, done.stderr

    async def health(self) -> dict[str, Any]:
        """Return what its health page says."""
        async with httpx.AsyncClient(timeout=10) as http:
            result: dict[str, Any] = (await http.get(f"http://127.0.0.1:{self.port}/healthz")).json()
        return result

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return the log lines of one event."""
        lines = (json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{"))
        return [line for line in lines if line.get("event") == name]

    def tail(self, size: int = 3000) -> str:
        """Return the end of its log."""
        return self.log.read_text()[-size:] if self.log.exists() else ""

    async def close(self) -> None:
        """End it and delete its folder."""
        if self.alive:
            await self.kill()
        self._let_go()
        shutil.rmtree(self.state, ignore_errors=True)

    def _let_go(self) -> None:
        if self._process is not None:
            self._process.close()
        self._process = None

    def _signal(self, number: int) -> None:
        assert self._process is not None
        self._process.send_signal(number)
