"""Ed25519 signatures over canonical JSON, the basis of cross-signing."""

from __future__ import annotations

import json
from typing import Any

from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa

from bot.channels.matrix.http import Json
from bot.channels.matrix.secret_storage import from_base64, to_base64


def canonical(value: Json) -> bytes:
    """Return the one byte form of an object for signing: without its signatures and the server's additions."""
    return canonical_raw({name: part for name, part in value.items() if name not in ("signatures", "unsigned")})


def canonical_raw(value: Json) -> bytes:
    """Return canonical JSON of the whole object."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode("utf-8")


class SigningKey:
    """A private key from its seed of 32 bytes."""

    def __init__(self, seed: bytes) -> None:
        self._key = ECC.construct(curve="Ed25519", seed=seed)
        self.public = to_base64(self._key.public_key().export_key(format="raw"))

    @property
    def id(self) -> str:
        """Return the key's id as used in signatures."""
        return f"ed25519:{self.public}"

    def sign(self, value: Json) -> str:
        """Return the signature of an object."""
        return to_base64(eddsa.new(self._key, "rfc8032").sign(canonical(value)))


def signed_by(value: Any, user: str, public: str, key_name: str = "") -> bool:
    """Return whether an object holds a valid signature of the public key; malformed objects are not signed."""
    try:
        signature = from_base64(value["signatures"][user][f"ed25519:{key_name or public}"])
        eddsa.new(eddsa.import_public_key(from_base64(public)), "rfc8032").verify(canonical(value), signature)
    except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
        return False
    return True


def public_key(value: Any) -> str:
    """Return the one public key of a cross-signing key object; empty without one."""
    keys = value.get("keys") if isinstance(value, dict) else None
    public = [key for name, key in keys.items() if name == f"ed25519:{key}"] if isinstance(keys, dict) else []
    return public[0] if len(public) == 1 and isinstance(public[0], str) else ""


def chain(user: str, master: Any, self_signing: Any) -> tuple[str, str]:
    """Return the public keys ``(master, self-signing)`` if the first signed the second for this user; else empty."""
    first, second = public_key(master), public_key(self_signing)
    if not (first and second and master.get("user_id") == user == self_signing.get("user_id")):
        return "", ""
    return (first, second) if signed_by(self_signing, user, first) else ("", "")


def device_signed(device: Any, user: str, self_signing: str) -> bool:
    """Return whether the owner's self-signing key signed a device's keys."""
    return bool(self_signing) and signed_by(device, user, self_signing)
