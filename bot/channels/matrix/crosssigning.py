"""The bot's own identity: three keys that prove to every strict client that this device belongs to the account.

Without it, clients that exclude unsigned devices (MSC4153; Element since April 2026) neither send their keys to the bot
nor show its messages. The seeds are stored in the account's folder. The recovery key, written once to a file for the
operator, opens a copy in the account's data on the server.

    no identity yet          → created                             (created)
    own, device not signed   → device signed                       (signed)
    own, device signed       → nothing to do                       (already)
    foreign                  → joined with the recovery key, otherwise refused; replaced only on purpose (reset)
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Self

from bot.channels.matrix.credentials import password_stage
from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import Json, RequestRefusedError, Server
from bot.channels.matrix.login import is_own_device, own_keys
from bot.channels.matrix.secret_storage import SecretStorage, SecretStorageError, from_base64, to_base64
from bot.channels.matrix.signing import SigningKey, chain, device_signed, public_key
from bot.channels.port import ChannelEndedError
from knowledge_base.failpoints import reached

SEEDS = "identity.json"
RECOVERY_KEY = "recovery-key.txt"
KINDS = ("master", "self_signing", "user_signing")
SECRET_NAMES = tuple(f"m.cross_signing.{kind}" for kind in KINDS)


@dataclass(frozen=True, slots=True)
class Seeds:
    """The private keys of the identity."""

    master: bytes
    self_signing: bytes
    user_signing: bytes

    @classmethod
    def generate(cls) -> Self:
        """Return a new identity."""
        return cls(*(secrets.token_bytes(32) for _ in KINDS))

    @classmethod
    def load(cls, folder: Folder) -> Self | None:
        """Return the seeds of the folder; ``None`` without readable ones."""
        kept = folder.read(SEEDS)
        try:
            return cls(*(from_base64(kept[kind]) for kind in KINDS)) if kept else None
        except (KeyError, TypeError, ValueError):
            return None

    def save(self, folder: Folder, *, recoverable: bool) -> None:
        """Store the seeds; ``recoverable``: the operator has a recovery key that opens a copy on the server."""
        folder.write(SEEDS, {kind: to_base64(getattr(self, kind)) for kind in KINDS} | {"recoverable": recoverable})

    def key(self, kind: str) -> SigningKey:
        """Return one of the three keys."""
        return SigningKey(getattr(self, kind))


class CrossSigning:
    """The procedure that signs this device with the account's identity."""

    def __init__(self, server: Server, crypto: Crypto, folder: Folder, password: str = "") -> None:
        self._server = server
        self._crypto = crypto
        self._folder = folder
        self._password = password

    async def expect_ours(self, *, recovery_key: str = "", reset: bool = False) -> None:
        """Join the account's identity if the recovery key allows it; change nothing at the server.

        Raise ``ChannelEndedError`` with a remedy for the operator if the bot does not hold the identity. Call this
        before the keys of a new device are uploaded: from then on, clients show it, and warn of it until it is signed.
        """
        seeds, on_server = Seeds.load(self._folder), public_key((await self._keys())["master"])
        if not on_server or (seeds and seeds.key("master").public == on_server):
            return
        if recovery_key:
            await self._join(recovery_key, on_server)
        elif not reset:
            raise ChannelEndedError(
                "The Matrix account has a cross-signing identity that the bot does not hold.",
                remedy="Give its recovery key (STADTLOTSE_MATRIX__RECOVERY_KEY), or replace it with "
                "serve --reset-identity: every user who verified the account is then warned.",
            )

    async def ensure(self, *, recovery_key: str = "", reset: bool = False) -> str:
        """Make sure that the account's identity signs this device; return what was done (see the module).

        Raise ``ChannelEndedError`` with a remedy for the operator if the bot does not hold the identity.
        """
        await self.expect_ours(recovery_key=recovery_key, reset=reset)
        keys, seeds = await self._keys(), Seeds.load(self._folder)
        on_server = public_key(keys["master"])
        if seeds is not None and seeds.key("master").public == on_server:
            signed = self._is_signed(keys, seeds)
            if not signed:
                await self._sign_device(seeds, keys["device"].get(self._crypto.device_id))
            await self._make_recoverable(seeds)
            return "already" if signed else "signed"
        return await self._create(seeds if seeds and not on_server else Seeds.generate(), replace=bool(on_server))

    async def _keys(self) -> dict[str, Json]:
        return await own_keys(self._server, self._crypto.user_id)

    async def _join(self, recovery_key: str, on_server: str) -> Seeds:
        storage = SecretStorage(self._server, self._crypto.user_id)
        try:
            secret = await storage.read(recovery_key, SECRET_NAMES)
        except SecretStorageError as error:
            raise ChannelEndedError(
                f"The Matrix identity cannot be joined: {error}.", remedy="Check STADTLOTSE_MATRIX__RECOVERY_KEY."
            ) from None
        seeds = Seeds(*(secret[name] for name in SECRET_NAMES))
        if seeds.key("master").public != on_server:
            raise ChannelEndedError(
                "The secrets of the Matrix account belong to an older identity.", remedy="Set up recovery again."
            )
        seeds.save(self._folder, recoverable=True)
        return seeds

    async def _create(self, seeds: Seeds, *, replace: bool) -> str:
        seeds.save(self._folder, recoverable=False)  # first: an identity without its seeds is useless
        reached("matrix.seeds_kept")
        await self._publish(seeds)
        reached("matrix.identity_published")
        device = (await self._keys())["device"].get(self._crypto.device_id)
        await self._sign_device(seeds, device)
        await self._make_recoverable(seeds)
        return "reset" if replace else "created"

    async def _make_recoverable(self, seeds: Seeds) -> None:
        """Once, store a copy of the seeds on the server, and its recovery key in a file for the operator."""
        if (self._folder.read(SEEDS) or {}).get("recoverable"):
            return
        storage = SecretStorage(self._server, self._crypto.user_id)
        text = await storage.create(
            {name: getattr(seeds, kind) for name, kind in zip(SECRET_NAMES, KINDS, strict=True)}
        )
        self._folder.write_text(RECOVERY_KEY, f"{text}\n")
        reached("matrix.recovery_key_written")
        seeds.save(self._folder, recoverable=True)

    async def _publish(self, seeds: Seeds) -> None:
        user, master = self._crypto.user_id, seeds.key("master")
        body: Json = {}
        for kind in KINDS:
            key = seeds.key(kind)
            value: Json = {"user_id": user, "usage": [kind], "keys": {key.id: key.public}}
            signatures = {master.id: master.sign(value)}
            if kind == "master":
                signatures[f"ed25519:{self._crypto.device_id}"] = self._crypto.sign(value)
            body[f"{kind}_key"] = value | {"signatures": {user: signatures}}
        try:
            await self._server.post("v3", "keys", "device_signing", "upload", body=body)
        except RequestRefusedError as error:
            if error.status != 401 or error.signed_out:
                raise
            auth = password_stage(error.body, user, self._password)
            await self._server.post("v3", "keys", "device_signing", "upload", body=body | {"auth": auth})

    def _is_signed(self, keys: dict[str, Json], seeds: Seeds) -> bool:
        user, device = self._crypto.user_id, keys["device"].get(self._crypto.device_id)
        _, self_signing = chain(user, keys["master"], keys["self_signing"])
        ours = self_signing == seeds.key("self_signing").public
        return ours and is_own_device(self._crypto, device) and device_signed(device, user, self_signing)

    async def _sign_device(self, seeds: Seeds, device: Json | None) -> None:
        if device is None or not is_own_device(self._crypto, device):
            raise ChannelEndedError(
                "The server shows other keys for this device than ours.", remedy="Delete login.json for a new device."
            )
        user, key = self._crypto.user_id, seeds.key("self_signing")
        bare = {name: part for name, part in device.items() if name not in ("signatures", "unsigned")}
        signed = bare | {"signatures": {user: {key.id: key.sign(bare)}}}
        await self._server.post("v3", "keys", "signatures", "upload", body={user: {self._crypto.device_id: signed}})
        if not self._is_signed(await self._keys(), seeds):
            raise ChannelEndedError("The homeserver did not take the signature of the bot's device.")
