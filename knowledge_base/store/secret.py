"""The installation's own secret: values derived from it can be checked here and guessed nowhere.

It makes one-time links (only their hash is kept) and keyed hashes of people who must not be asked again. It lies in the
state folder, apart from the database: a stolen database alone reveals neither.

Every process on a database must use the same secret. The database holds a proof of it. It also holds the secret,
encrypted with the tokens and passwords of the accounts, which all processes know. So a second machine finds it by
itself, and a folder with another secret is noticed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from knowledge_base.errors import StoreError

if TYPE_CHECKING:
    from knowledge_base.store.database import Store

FILE = "secret.key"
BYTES = 32
NONCE = 16
SHARED = "secret"  # fact: a proof of the secret, and the encrypted secret
REMEDY = "Bring it back from a backup; without it links sent before are void and blocks are forgotten."


def read_secret(folder: Path) -> bytes:
    """Return the secret in this state folder; create it when it is missing, readable by its user alone.

    Raise ``StoreError`` when the file cannot be made or read, or holds something else.
    """
    path = folder / FILE
    try:
        with suppress(FileExistsError):
            _make(path, os.urandom(BYTES))
    except OSError as error:
        raise StoreError(f"{path} cannot be made: {error.strerror}.", remedy="Check STADTLOTSE_STATE_DIR.") from error
    return kept_secret(folder) or b""


def kept_secret(folder: Path) -> bytes | None:
    """Return the secret in this state folder, ``None`` when there is no such file.

    Raise ``StoreError`` when the file cannot be read or holds something else.
    """
    path = folder / FILE
    try:
        value = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror}.", remedy=REMEDY) from error
    if len(value) != BYTES or len(set(value)) == 1:  # a crash of the machine can leave a file full of zeros
        raise StoreError(f"{path} does not hold the {BYTES} bytes of the installation's secret.", remedy=REMEDY)
    return value


async def share_secret(store: Store, folder: Path, known_to_all: Iterable[str], *, renew: bool = False) -> None:
    """Make the folder's secret the one of this database; the first folder decides.

    ``known_to_all``: tokens and passwords that every process is configured with; ``renew``: encrypt it with the present
    ones. Raise ``StoreError`` when the folder holds another secret, or no secret and these do not open the database's.
    """
    known = "\0".join(sorted(filter(None, known_to_all))).encode()
    async with store.read() as tx:
        shared = await tx.facts.get(SHARED)
    if shared and not (folder / FILE).exists():
        _make(folder / FILE, _opened(shared, known, folder))
    secret = read_secret(folder)
    if shared and shared["proof"] != _proof(secret):
        raise _other(folder)
    if shared and not (renew and known and _unsealed(shared["sealed"], known) != secret):
        return
    async with store.begin() as tx:
        now = await tx.facts.put_first(SHARED, {"proof": _proof(secret), "sealed": _sealed(secret, known)})
        if now["proof"] != _proof(secret):
            raise _other(folder)  # two machines began at once
        if shared:
            await tx.facts.put(SHARED, {"proof": _proof(secret), "sealed": _sealed(secret, known)})


async def forget_shared(store: Store) -> None:
    """Let the next process set the secret of this database."""
    async with store.begin() as tx:
        await tx.facts.drop(SHARED)


def _proof(secret: bytes) -> str:
    return keyed_hash(secret, "proof", "")


def _other(folder: Path) -> StoreError:
    return StoreError(
        f"{folder / FILE} is not the secret that this database was used with.",
        remedy="Copy secret.key from a machine where the bot runs, or from a backup. If it is lost, say"
        " `stadtlotse migrate --new-secret`: links sent before are void then, and blocks are forgotten.",
    )


def _opened(shared: Any, known: bytes, folder: Path) -> bytes:
    if (secret := _unsealed(shared["sealed"], known)) is None or _proof(secret) != shared["proof"]:
        raise StoreError(
            f"{folder / FILE} is missing, and the tokens and passwords here do not open the one of the database.",
            remedy="Copy secret.key from a machine where the bot runs, or give this one the same settings. If lost,"
            " say `stadtlotse migrate --new-secret`.",
        )
    return secret


def _sealed(secret: bytes, known: bytes) -> str | None:
    """Return the secret encrypted and authenticated (AES-256-GCM); ``None`` without a key to do it."""
    if not known:
        return None
    nonce = os.urandom(NONCE)
    text, tag = _cipher(known, nonce).encrypt_and_digest(secret)
    return b64encode(nonce + tag + text).decode()


def _unsealed(sealed: str | None, known: bytes) -> bytes | None:
    if not (sealed and known):
        return None
    whole = b64decode(sealed)
    nonce, tag, text = whole[:NONCE], whole[NONCE : 2 * NONCE], whole[2 * NONCE :]
    try:
        return bytes(_cipher(known, nonce).decrypt_and_verify(text, tag))
    except ValueError:
        return None


def _cipher(known: bytes, nonce: bytes) -> Any:
    from Crypto.Cipher import AES  # noqa: PLC0415 - most commands never need it

    key = hashlib.scrypt(known, salt=nonce, n=2**14, r=8, p=1, dklen=32)  # slow on purpose: a password may be weak
    return AES.new(key, AES.MODE_GCM, nonce=nonce)


def keyed_hash(secret: bytes, purpose: str, value: str) -> str:
    """Return a hash (hexadecimal, 64 characters) that needs the secret; other purposes give other hashes."""
    return hmac.digest(secret, f"{purpose}\0{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hex()


def _make(path: Path, value: bytes) -> None:
    """Write the file whole or not at all, and never over a file that another process made meanwhile."""
    fresh = path.with_name(f"{FILE}.{os.getpid()}")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(value)
            file.flush()
            os.fsync(file.fileno())
        os.link(fresh, path)
    finally:
        fresh.unlink()
