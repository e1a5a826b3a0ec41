"""A throw-away Synapse on loopback, in an environment of its own: what the Matrix channel is tested against."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.patience import PATIENCE_S
from tests.ports import free_port

ROOT = Path(__file__).parent.parent.parent
ENVIRONMENT = ROOT / ".venv-synapse"
LOCK = ROOT / "requirements" / "synapse.txt"
NAME = "localhost"  # the server's; part of every user id
UNLIMITED = {"per_second": 10_000, "burst_count": 10_000}
STOP_S = 20.0  # then it is killed: nothing is lost with it


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """The first of several test processes makes what all need; the others wait. The lock dies with its holder."""
    (ROOT / ".cache").mkdir(exist_ok=True)
    with (ROOT / ".cache" / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def environment() -> Path:
    """The Python of Synapse's environment, installed when it is not there or its lock file has changed."""
    python, done = ENVIRONMENT / "bin" / "python", ENVIRONMENT / ".installed"
    with one_at_a_time("venv-synapse"):
        if not _is_current(done):
            subprocess.run([sys.executable, "-m", "venv", "--clear", ENVIRONMENT], check=True)
            install = ["-m", "pip", "--disable-pip-version-check", "--quiet", "install", "--require-hashes", "-r"]
            subprocess.run([python, *install, LOCK], check=True)
            shutil.copyfile(LOCK, done)
    return python


def _is_current(done: Path) -> bool:
    """By time, as ``make`` does it, or by content: a fresh checkout of the same lock file is newer, and the same."""
    if not done.exists():
        return False
    return done.stat().st_mtime >= LOCK.stat().st_mtime or done.read_bytes() == LOCK.read_bytes()


def configuration(folder: Path, port: int, secret: str, limited: str = "", name: str = NAME) -> dict[str, Any]:
    """Loopback only, without limits but the ``limited`` one, without anything that waits. JSON is YAML."""
    listener = {"port": port, "bind_addresses": ["127.0.0.1"], "type": "http", "tls": False,
                "resources": [{"names": ["client"], "compress": False}]}  # fmt: skip
    limits = {f"rc_{name}": UNLIMITED for name in (
        "message", "registration", "registration_token_validity", "admin_redaction", "joins_per_room",
        "3pid_validation", "room_creation", "key_requests", "delayed_event_mgmt", "media_create", "third_party_invite",
    )}  # fmt: skip
    limits |= {"rc_login": dict.fromkeys(("address", "account", "failed_attempts"), UNLIMITED)}
    limits |= {"rc_joins": dict.fromkeys(("local", "remote"), UNLIMITED)}
    limits |= {"rc_invites": dict.fromkeys(("per_room", "per_user", "per_issuer"), UNLIMITED)}
    limits |= {"rc_presence": {"per_user": UNLIMITED}}
    limits.pop(limited, None)
    return limits | {
        "server_name": name,
        "pid_file": str(folder / "pid"),
        "listeners": [listener],
        "database": {"name": "sqlite3", "args": {"database": str(folder / "homeserver.db")}},
        "log_config": str(folder / "log.yaml"),
        "media_store_path": str(folder / "media"),
        "signing_key_path": str(folder / "signing.key"),
        "registration_shared_secret": secret,
        "macaroon_secret_key": secrets.token_hex(16),
        "form_secret": secrets.token_hex(16),
        "report_stats": False,
        "enable_registration": False,
        "trusted_key_servers": [],
        "suppress_key_server_warning": True,
        "federation_domain_whitelist": [],
        "url_preview_enabled": False,
        "presence": {"enabled": False},
        "bcrypt_rounds": 4,
        "background_updates": {"background_update_duration_ms": 100},
        "password_config": {"enabled": True, "pepper": ""},
        "encryption_enabled_by_default_for_room_type": "off",
        "caches": {"sync_response_cache_duration": "2m"},  # as everywhere: a restarted bot must not be fooled by it
    }


LOGGING = """\
version: 1
formatters: {{ line: {{ format: '%(asctime)s %(name)s %(levelname)s %(message)s' }} }}
handlers: {{ file: {{ class: logging.FileHandler, filename: "{folder}/log", formatter: line, encoding: utf8 }} }}
root: {{ level: WARNING, handlers: [file] }}
disable_existing_loggers: false
"""


@dataclass
class Synapse:
    """A running server."""

    folder: Path
    port: int
    secret: str
    python: Path
    process: subprocess.Popen[bytes] | None = None
    admin_token: str = field(default="", repr=False)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start it, again after ``stop`` or ``kill`` with all that it knew."""
        output = (self.folder / "output").open("ab")
        command = [self.python, "-m", "synapse.app.homeserver", "-c", self.folder / "homeserver.yaml"]
        self.process = subprocess.Popen(command, stdout=output, stderr=output, cwd=self.folder, start_new_session=True)
        output.close()
        deadline = time.monotonic() + PATIENCE_S
        while not self._answers():
            assert self.process.poll() is None, (self.folder / "output").read_text()[-2000:]
            assert time.monotonic() < deadline, "Synapse does not answer"
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/_matrix/client/versions", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Stop the server."""
        assert self.process is not None
        self.process.send_signal(number)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def kill(self) -> None:
        """Kill the server, as a crash does."""
        self.stop(signal.SIGKILL)

    def register(self, name: str, password: str = "secret", *, admin: bool = False) -> str:
        """A new user; returns its full id."""
        return self.account(name, password, admin=admin)[0]

    def account(self, name: str, password: str = "secret", *, admin: bool = False) -> tuple[str, str]:
        """A new user: its full id, and a token with which it is logged in."""
        address = f"{self.url}/_synapse/admin/v1/register"
        nonce = httpx.get(address, timeout=30).json()["nonce"]
        parts = (nonce, name, password, "admin" if admin else "notadmin")
        mac = hmac.new(self.secret.encode(), "\0".join(parts).encode(), hashlib.sha1).hexdigest()
        body = {"nonce": nonce, "username": name, "password": password, "admin": admin, "mac": mac}
        answer = httpx.post(address, json=body, timeout=30).json()
        assert "user_id" in answer, answer
        if admin:
            self.admin_token = answer["access_token"]
        return str(answer["user_id"]), str(answer["access_token"])

    def admin(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """A request to the admin API."""
        if not self.admin_token:
            self.register(f"root{secrets.token_hex(3)}", admin=True)
        headers = {"Authorization": f"Bearer {self.admin_token}"}
        answer = httpx.request(method, self.url + path, json=body, headers=headers, timeout=30)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def memory_folder(prefix: str) -> Path:
    """A folder in memory where there is such a place: three times faster, and the tests write nothing for long."""
    return Path(tempfile.mkdtemp(prefix=prefix, dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None))


@contextmanager
def running_synapse(limited: str = "", name: str = NAME) -> Iterator[Synapse]:
    """Start a server in a new folder; nothing of it stays. ``limited``: such as ``rc_message``, left at its default."""
    folder = memory_folder("synapse-")
    server = Synapse(folder, free_port(), secrets.token_hex(16), environment())
    settings = configuration(folder, server.port, server.secret, limited, name)
    (folder / "homeserver.yaml").write_text(json.dumps(settings))
    (folder / "log.yaml").write_text(LOGGING.format(folder=folder))
    seed = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
    (folder / "signing.key").write_text(f"ed25519 a_test {seed}\n")
    try:
        server.start()
        yield server
    finally:
        if server.process and server.process.poll() is None:
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)
