"""Secrets in the account's data on the server, which only the recovery key opens.

``m.secret_storage.v1.aes-hmac-sha2`` of the Matrix specification, as Element writes and reads it: HKDF-SHA-256 derives
an AES-256-CTR key and an HMAC key from the recovery key and the secret's name.
"""

from __future__ import annotations

import base64
import hmac
import secrets

from Crypto.Cipher import AES

from bot.channels.matrix.http import Json, RequestRefusedError, Server

ALGORITHM = "m.secret_storage.v1.aes-hmac-sha2"
DEFAULT_KEY = "m.secret_storage.default_key"
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
PREFIX = b"\x8b\x01"
KEY_BYTES = 32


class SecretStorageError(Exception):
    """A wrong recovery key, or an account without secrets that it opens."""


def to_base64(value: bytes) -> str:
    """Return Base64 as Matrix writes it: without padding."""
    return base64.b64encode(value).decode("ascii").rstrip("=")


def from_base64(text: str) -> bytes:
    """Decode Base64 with or without padding; raise ``ValueError`` if it is not valid."""
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def encode_recovery_key(key: bytes) -> str:
    """Return 32 bytes as people write them down: base 58 in groups of four, with a parity byte."""
    raw = PREFIX + key
    number, text = int.from_bytes(raw + bytes([_parity(raw)]), "big"), ""
    while number:
        number, digit = divmod(number, 58)
        text = ALPHABET[digit] + text
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def decode_recovery_key(text: str) -> bytes:
    """Return the bytes of a recovery key; raise ``SecretStorageError`` if it is mistyped."""
    number = 0
    for char in "".join(text.split()):
        if char not in ALPHABET:
            raise SecretStorageError("the recovery key holds a character that no recovery key has")
        number = number * 58 + ALPHABET.index(char)
    size = len(PREFIX) + KEY_BYTES + 1
    raw = number.to_bytes(max(size, (number.bit_length() + 7) // 8), "big")
    if len(raw) != size or not raw.startswith(PREFIX) or _parity(raw):
        raise SecretStorageError("the recovery key is mistyped")
    return raw[len(PREFIX) : -1]


def _parity(raw: bytes) -> int:
    parity = 0
    for byte in raw:
        parity ^= byte
    return parity


def encrypt(key: bytes, name: str, plain: bytes) -> Json:
    """Return a secret as stored under its name."""
    cipher_key, mac_key = _derive(key, name)
    iv = bytearray(secrets.token_bytes(16))
    iv[8] &= 0x7F  # some implementations count with 63 bits
    ciphertext = _ctr(cipher_key, bytes(iv), plain)
    mac = hmac.digest(mac_key, ciphertext, "sha256")
    return {"iv": to_base64(bytes(iv)), "ciphertext": to_base64(ciphertext), "mac": to_base64(mac)}


def decrypt(key: bytes, name: str, stored: Json) -> bytes:
    """Return a stored secret; raise ``SecretStorageError`` for another key, another name, or damage."""
    cipher_key, mac_key = _derive(key, name)
    try:
        ciphertext, mac, iv = (from_base64(stored[part]) for part in ("ciphertext", "mac", "iv"))
    except (KeyError, TypeError, ValueError):
        raise SecretStorageError(f"the stored secret {name} is damaged") from None
    if not hmac.compare_digest(hmac.digest(mac_key, ciphertext, "sha256"), mac):
        raise SecretStorageError("the recovery key does not open this account's secrets")
    return _ctr(cipher_key, iv, ciphertext)


def _derive(key: bytes, name: str) -> tuple[bytes, bytes]:
    extracted = hmac.digest(bytes(32), key, "sha256")
    first = hmac.digest(extracted, name.encode() + b"\x01", "sha256")
    return first, hmac.digest(extracted, first + name.encode() + b"\x02", "sha256")


def _ctr(key: bytes, iv: bytes, text: bytes) -> bytes:
    return bytes(AES.new(key, AES.MODE_CTR, nonce=b"", initial_value=iv).encrypt(text))


class SecretStorage:
    """The secrets of one account."""

    def __init__(self, server: Server, user_id: str) -> None:
        self._server = server
        self._path = ("v3", "user", user_id, "account_data")

    async def create(self, values: dict[str, bytes]) -> str:
        """Store secrets under a new key, make it the account's default, and return the recovery key."""
        key, key_id = secrets.token_bytes(KEY_BYTES), to_base64(secrets.token_bytes(24))
        check = encrypt(key, "", bytes(32))
        description = {"algorithm": ALGORITHM, "iv": check["iv"], "mac": check["mac"]}
        await self._put(f"m.secret_storage.key.{key_id}", description)
        for name, value in values.items():
            sealed = encrypt(key, name, to_base64(value).encode())
            await self._put(name, {"encrypted": {key_id: sealed}})
        await self._put(DEFAULT_KEY, {"key": key_id})
        return encode_recovery_key(key)

    async def read(self, recovery_key: str, names: tuple[str, ...]) -> dict[str, bytes]:
        """Return all these secrets of the account, opened with its recovery key, or raise ``SecretStorageError``."""
        key = decode_recovery_key(recovery_key)
        try:
            key_id = (await self._get(DEFAULT_KEY))["key"]
            sealed = {name: (await self._get(name))["encrypted"][key_id] for name in names}
        except (KeyError, TypeError):
            raise SecretStorageError("the account holds no cross-signing secrets for this recovery key") from None
        try:
            return {name: from_base64(decrypt(key, name, sealed[name]).decode("ascii")) for name in names}
        except ValueError:
            raise SecretStorageError("a secret of the account is damaged") from None

    async def _put(self, name: str, value: Json) -> None:
        await self._server.put(*self._path, name, body=value)

    async def _get(self, name: str) -> Json:
        try:
            return await self._server.get(*self._path, name)
        except RequestRefusedError as error:
            if error.status != 404:
                raise
            return {}
