"""A frozen event loop is red: /healthz does not answer, and the watchdog gets no further sign."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

from bot.web.client import ask_health, noted_address
from tests.patience import PATIENCE_S

SCRIPT = Path(__file__).parent / "frozen.py"
ROOT = SCRIPT.parent.parent.parent.parent


async def test_frozen_event_loop_is_reported_as_red(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.setblocking(False)
        environment = os.environ | {"NOTIFY_SOCKET": str(tmp_path / "notify"), "PYTHONPATH": str(ROOT)}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            SCRIPT,
            tmp_path,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=environment,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            loop = asyncio.get_running_loop()
            assert await asyncio.wait_for(loop.sock_recv(systemd, 64), PATIENCE_S) == b"WATCHDOG=1"
            await asyncio.wait_for(process.stdout.readline(), PATIENCE_S)
            url = noted_address(tmp_path)
            assert (await ask_health(url)).lines == ("ok", "  loop: ok")

            process.stdin.write(b"freeze\n")
            await process.stdin.drain()
            while (answer := await ask_health(url, seconds=1)).ok:
                pass
            assert answer.lines == (f"red: {url} does not answer (TimeoutError)",)
        finally:
            process.kill()
            await process.wait()
            process.stdin.close()
