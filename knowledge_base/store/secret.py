"""The installation's own secret: what is derived from it can be checked here and guessed nowhere.

It makes one-time links (only their hash is kept) and keyed hashes of people who must not be asked again. It lies in
the state folder, apart from the database: a stolen database alone tells neither.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from contextlib import suppress
from pathlib import Path

from knowledge_base.errors import StoreError

FILE = "secret.key"
BYTES = 32
REMEDY = "Bring it back from a backup; without it links sent before are void and blocks are forgotten."


def read_secret(folder: Path) -> bytes:
    """The secret of the installation in this state folder, made when there is none yet; readable by its user alone.

    Raises ``StoreError`` when the file cannot be made or read, or holds something else.
    """
    path = folder / FILE
    try:
        with suppress(FileExistsError):
            _make(path)
    except OSError as error:
        raise StoreError(f"{path} cannot be made: {error.strerror}.", remedy="Check STADTLOTSE_STATE_DIR.") from error
    return kept_secret(folder) or b""


def kept_secret(folder: Path) -> bytes | None:
    """Return the secret in this state folder, ``None`` when there is no such file.

    Raises ``StoreError`` when the file cannot be read or holds something else.
    """
    path = folder / FILE
    try:
        value = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.", remedy=REMEDY) from error
    if len(value) != BYTES or len(set(value)) == 1:  # a file full of zeros is what a crash of the machine leaves
        raise StoreError(f"{path} does not hold the {BYTES} bytes of the installation's secret.", remedy=REMEDY)
    return value


def keyed_hash(secret: bytes, purpose: str, value: str) -> str:
    """A hash (hexadecimal, 64 characters) that nobody without the secret can make; other purposes give other hashes."""
    return hmac.digest(secret, f"{purpose}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hex()


def _make(path: Path) -> None:
    """Whole or not at all, and never over one that another process made meanwhile."""
    fresh = path.with_name(f"{FILE}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(os.urandom(BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(fresh, path)
    finally:
        fresh.unlink()
