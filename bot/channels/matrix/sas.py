"""Short authentication strings by the specification (``m.sas.v1``): pure, on vodozemac's arithmetic.

nio's own class is not used: it hashes, counts emojis and computes MACs differently from every other client. The bot
only ever answers, so this is the accepting half::

    start ──> accept ──> (their key) ──> own key, emojis ──> (their MAC: the admin confirmed) ──> own MAC, done
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping

from nio.crypto.sas import Sas as NioSas
from vodozemac import Curve25519PublicKey, EstablishedSas, Sas

from bot.channels.matrix.http import Json
from bot.channels.matrix.secret_storage import to_base64
from bot.channels.matrix.signing import canonical_raw

METHOD = "m.sas.v1"
AGREEMENT, HASH = "curve25519-hkdf-sha256", "sha256"
MAC_V2, MAC_V1 = "hkdf-hmac-sha256.v2", "hkdf-hmac-sha256"
EMOJIS: list[tuple[str, str]] = NioSas.emoji  # the table of the specification


class SasError(Exception):
    """An error that ends the verification; ``code`` goes to the other side."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Exchange:
    """One verification. ``me`` and ``them`` are ``(user id, device id)``."""

    def __init__(self, transaction: str, me: tuple[str, str], them: tuple[str, str]) -> None:
        self.transaction = transaction
        self.me, self.them = me, them
        self._sas = Sas()
        self._public = self._sas.public_key.to_base64()  # the agreement uses up the secret
        self._established: EstablishedSas | None = None
        self._their_public = ""
        self._mac = MAC_V2

    def accept(self, start: Json) -> Json:
        """Return the answer to ``start``."""
        offers = (("method", METHOD, False), ("key_agreement_protocols", AGREEMENT, True), ("hashes", HASH, True))
        for name, wanted, listed in offers:
            offered = start.get(name)
            if not (wanted in offered if listed and isinstance(offered, list) else wanted == offered):
                raise SasError("m.unknown_method", f"no common {name}")
        macs, strings = start.get("message_authentication_codes"), start.get("short_authentication_string")
        if not isinstance(macs, list) or not isinstance(strings, list) or "emoji" not in strings:
            raise SasError("m.unknown_method", "no emojis")
        if MAC_V2 not in macs and MAC_V1 not in macs:
            raise SasError("m.unknown_method", "no common MAC")
        self._mac = MAC_V2 if MAC_V2 in macs else MAC_V1
        commitment = hashlib.sha256(self._public.encode() + canonical_raw(start)).digest()
        return {
            "method": METHOD,
            "key_agreement_protocol": AGREEMENT,
            "hash": HASH,
            "message_authentication_code": self._mac,
            "short_authentication_string": ["emoji"],
            "commitment": to_base64(commitment),
        }

    def agree(self, content: Json) -> Json:
        """Take the other side's key; return the bot's."""
        key = content.get("key")
        if self._established is not None or not isinstance(key, str):
            raise SasError("m.unexpected_message", "key")
        try:
            self._established = self._sas.diffie_hellman(Curve25519PublicKey.from_base64(key))
        except Exception as error:
            raise SasError("m.invalid_message", "key") from error
        self._their_public = key
        return {"key": self._public}

    def emojis(self) -> list[tuple[str, str]]:
        """Return the seven emojis, with English names, that both sides must see."""
        info = "|".join(
            ("MATRIX_KEY_VERIFICATION_SAS", *self.them, self._their_public, *self.me, self._public, self.transaction)
        )
        return [EMOJIS[index] for index in self._agreed().bytes(info).emoji_indices]

    def check(self, content: Json, keys: Mapping[str, str]) -> set[str]:
        """Return the ids of the ``keys`` (id → public key) that their MAC proves, or raise ``SasError``."""
        macs, of_ids = content.get("mac"), content.get("keys")
        if not isinstance(macs, dict) or not isinstance(of_ids, str):
            raise SasError("m.invalid_message", "mac")
        info = "MATRIX_KEY_VERIFICATION_MAC" + "".join((*self.them, *self.me)) + self.transaction
        calculate = self._calculate()
        proven = {name for name in macs if name in keys}
        given = [(calculate(keys[name], info + name), macs[name]) for name in proven]
        given.append((calculate(",".join(sorted(macs)), f"{info}KEY_IDS"), of_ids))
        if not proven or not all(isinstance(m, str) and hmac.compare_digest(ours, m) for ours, m in given):
            raise SasError("m.key_mismatch", "the keys do not match")
        return proven

    def mac(self, keys: Mapping[str, str]) -> Json:
        """Return the MAC over the bot's own keys (id → public key)."""
        info = "MATRIX_KEY_VERIFICATION_MAC" + "".join((*self.me, *self.them)) + self.transaction
        calculate = self._calculate()
        macs = {name: calculate(key, info + name) for name, key in keys.items()}
        return {"mac": macs, "keys": calculate(",".join(sorted(keys)), f"{info}KEY_IDS")}

    def _agreed(self) -> EstablishedSas:
        if self._established is None:
            raise SasError("m.unexpected_message", "no key yet")
        return self._established

    def _calculate(self) -> Callable[[str, str], str]:
        agreed = self._agreed()
        return agreed.calculate_mac if self._mac == MAC_V2 else agreed.calculate_mac_invalid_base64
