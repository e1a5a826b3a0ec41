"""``run_bot.py`` in processes that are forked from one that has imported it, so that they start at once.

What runs is the same: command line, settings from the environment, error boundary, exit code. Some tests start it cold:
``tests/bot/cli/``, ``tests/bot/channels/test_terminal.py``, ``tests/bot/channels/telegram/test_privacy.py``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

import run_bot
from bot.operations import ticker
from knowledge_base import failpoints
from tests.crash.processes import PROCESSES

ROOT = Path(__file__).parent.parent
TICK_S = 2.0  # what is due at a tick is due at each; tests that wait for it need not wait for ten seconds


class WarmProcess:
    """``run_bot.py ARGUMENTS`` as a process, in the manner of ``subprocess.Popen``; stderr is appended to a file."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], errors: Path) -> None:
        ours, theirs = PROCESSES.Pipe(duplex=False)
        self._forked = PROCESSES.Process(
            target=entry, args=(list(arguments), dict(environment), theirs, str(errors)), daemon=True
        )
        self._forked.start()
        theirs.close()
        self.stdout = os.fdopen(os.dup(ours.fileno()), "rb")
        ours.close()

    @property
    def pid(self) -> int:
        assert self._forked.pid
        return self._forked.pid

    def poll(self) -> int | None:
        """Return the exit code, or ``None`` while the process exists."""
        return self._forked.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end; return the exit code, negative for a signal. Raise ``subprocess.TimeoutExpired``."""
        self._forked.join(timeout)
        if self._forked.exitcode is None:
            raise subprocess.TimeoutExpired("run_bot.py", timeout or 0.0)
        return self._forked.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal to a process that has not ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill the process."""
        self._forked.kill()

    def close(self) -> None:
        """Kill the process if it has not ended, and let go of it."""
        self.kill()
        self._forked.join()
        self._forked.close()
        self.stdout.close()


def run(arguments: Sequence[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    with tempfile.NamedTemporaryFile() as errors:
        process = WarmProcess(arguments, environment, Path(errors.name))
        with process.stdout:
            output = process.stdout.read().decode()
        return subprocess.CompletedProcess(list(arguments), process.wait(), output, errors.read().decode())


def entry(arguments: list[str], environment: dict[str, str], output: Connection, errors: str) -> None:
    """What the process does."""
    for file, number in ((os.open(os.devnull, os.O_RDONLY), 0), (output.fileno(), 1), (_appending(errors), 2)):
        os.dup2(file, number)
    output.close()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    failpoints.arm(environment.get(failpoints.VARIABLE, ""))
    ticker.TICK_S = TICK_S
    sys.argv = ["run_bot.py", *arguments]
    run_bot.main()


def _appending(file: str) -> int:
    return os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
