"""The lock on the state folder of a process, and the settings that all processes must share."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from config.settings import Settings
from knowledge_base.errors import StadtlotseError
from knowledge_base.store.processes import Living
from knowledge_base.store.secret import keyed_hash
from knowledge_base.store.state_folder import owner_only, prepare

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# Sections of the settings that may differ between processes, and single settings of the others.
OWN_SECTIONS = frozenset({"state_dir", "database", "log"})
OWN = {"web": {"bind", "port", "enabled"}}
ACCOUNT = "account of "


@contextmanager
def only_one(folder: Path, name: str, taken: StadtlotseError) -> Iterator[str]:
    """Hold the lock ``name`` of a state folder during the block; yield an id of this place that no other machine has.

    Raise ``taken`` if another process holds the lock. A killed process holds no lock. So the process with the lock
    knows that all earlier processes of this place have ended.
    """
    prepare(folder)
    with open(folder / f"{name}.lock", "w", encoding="ascii", opener=owner_only) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise taken from None
        status = os.fstat(lock.fileno())
        boot = BOOT_ID.read_text("ascii") if BOOT_ID.exists() else os.uname().nodename
        yield hashlib.sha256(f"{boot} {status.st_dev} {status.st_ino}".encode()).hexdigest()


def shared_secrets(settings: Settings) -> list[str]:
    """Return the tokens and passwords of the accounts; every process that serves them has the same ones."""
    return [secret for _, section in settings.channel_sections() for secret in section.shared_secrets if secret]


def marks(settings: Settings, secret: bytes) -> dict[str, str]:
    """Return keyed hashes of the settings that all processes must share: the accounts, and each section."""
    shared = {f"{ACCOUNT}{name}": section.account for name, section in settings.channel_sections()}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name not in OWN_SECTIONS:
            shared[name] = repr(value.model_dump(exclude=OWN.get(name)) if hasattr(value, "model_dump") else value)
    return {name: keyed_hash(secret, "settings", f"{name} {value}")[:16] for name, value in shared.items()}


def differing(mine: Mapping[str, str], others: Iterable[Living]) -> list[str]:
    """Return the names of the marks in which other processes differ from this one."""
    return sorted({name for other in others for name, mark in mine.items() if other.settings.get(name, mark) != mark})
