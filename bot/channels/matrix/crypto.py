"""The Olm machine: one device's keys and sessions, on disk before any other part relies on them.

This uses nio's machine (``nio.crypto.Olm``) and its SQLite store, without any network, so that no keys get lost as they
would in matrix-nio 0.26:

- ``atomic`` stores all changes of one to-device message (ratchet, room key) or none: a message that is delivered again
  after a kill can be read again;
- ``key_upload`` stores new one-time keys *before* their upload: a kill leaves no public key without its private half;
- a fallback key lets new devices write even when all one-time keys were claimed;
- room messages have no deprecated ``sender_key`` and ``device_id``;
- ``Machine`` reads no room message twice under different event ids, across restarts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from nio import KeysClaimResponse, KeysQueryResponse, KeysUploadResponse, MegolmEvent
from nio.crypto import OlmDevice
from nio.events import BadEvent, RoomKeyEvent, ToDeviceEvent, UnknownBadEvent
from nio.exceptions import EncryptionError
from nio.store import SqliteStore

from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import Json, part
from bot.channels.matrix.machine import Machine
from bot.channels.matrix.rooms import Rotation
from knowledge_base.errors import StoreError

Device = OlmDevice
OLM = "m.olm.v1.curve25519-aes-sha2"


class LostStoreError(Exception):
    """The loss of the device's private keys."""


class MalformedError(ValueError):
    """An event that no client would send."""


class NoKeyError(Exception):
    """A room message without its key, which may still arrive."""


class Crypto:
    """Keys and sessions of one device."""

    def __init__(self, user_id: str, device_id: str, folder: Folder, key: str, *, new: bool, name: str = "") -> None:
        """Open the store; ``new`` creates it. Raise ``LostStoreError`` if an existing store is missing or damaged."""
        name = name or f"device-{device_id}.db"
        if not new and not (folder.path / name).is_file():
            raise LostStoreError("the key store is gone")
        folder.private_file(name)
        self.user_id, self.device_id = user_id, device_id
        self.writers: set[tuple[str, str, str]] = set()  # room, user and identity key of messages that were read
        try:
            self._store = SqliteStore(user_id, device_id, str(folder.path), key, name)
            known = self._store.load_account() is not None
            self._olm = Machine(user_id, device_id, self._store)
        except Exception as error:  # vodozemac, peewee and SQLite each have their own; all mean the same here
            raise LostStoreError(f"the key store cannot be read ({type(error).__name__})") from error
        if not (new or known):
            raise LostStoreError("the key store is empty")

    def close(self) -> None:
        """Close the store finally: another process may use it from now on."""
        self._store.database.autoconnect = False
        self._store.database.close()

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Store all changes of the block together or none of them; never await inside.

        Raise ``StoreError`` if the disk fails; then no event is to blame.
        """
        try:
            with self._store.database.atomic():
                yield
        except Exception as error:
            if type(error).__module__ == "peewee":
                raise StoreError("The Matrix key store cannot be written.", remedy="Check the disk.") from error
            raise

    # --- own keys -------------------------------------------------------------------------------------------------

    @property
    def ed25519(self) -> str:
        """Return the device's public signing key."""
        return str(self._olm.account.identity_keys["ed25519"])

    @property
    def curve25519(self) -> str:
        """Return the device's public identity key."""
        return str(self._olm.account.identity_keys["curve25519"])

    @property
    def uploaded(self) -> bool:
        """Return whether the server has received the device's keys before."""
        return bool(self._olm.account.shared)

    def sign(self, value: Json) -> str:
        """Return the device's signature of an object."""
        return str(self._olm.sign_json({name: part for name, part in value.items() if name != "signatures"}))

    def key_upload(self, on_server: int, *, fallback: bool) -> Json | None:
        """Return the body to upload, stored before, for ``on_server`` keys left on the server; ``None``: nothing.

        ``fallback`` adds a new fallback key. Use it only when the last one was used: vodozemac keeps at most two.
        """
        account = self._olm.account
        body: Json = {}
        if not account.shared or on_server < account.max_one_time_keys:
            self._olm.uploaded_key_count = on_server
            waiting = account.one_time_keys["curve25519"]  # an upload with unknown result
            body = {} if waiting and account.shared else self._olm.share_keys()
            body["one_time_keys"] = self._signed_keys(account.one_time_keys["curve25519"])
        if fallback or not account.shared:
            if not account._account.fallback_key:  # noqa: SLF001 - nio has no public access to it
                account._account.generate_fallback_key()  # noqa: SLF001
            body["fallback_keys"] = self._signed_keys(account._account.fallback_key, fallback=True)  # noqa: SLF001
        self._olm.save_account()
        return body or None

    def _signed_keys(self, keys: Any, *, fallback: bool = False) -> Json:
        signed = {}
        for key_id, key in keys.items():
            public = key if isinstance(key, str) else key.to_base64()
            body: Json = {"key": public, "fallback": True} if fallback else {"key": public}
            signature = self.sign(body)
            signed[f"signed_curve25519:{key_id}"] = body | {
                "signatures": {self.user_id: {f"ed25519:{self.device_id}": signature}}
            }
        return signed

    def keys_uploaded(self, answer: Json) -> None:
        """Note that the server has the keys."""
        count = part(answer, "one_time_key_counts").get("signed_curve25519")
        self._olm.handle_response(KeysUploadResponse(0, count if isinstance(count, int) else 0))

    def drop_unpublished(self) -> None:
        """Never offer these keys again: the server has other keys under their ids."""
        self._olm.account.mark_keys_as_published()
        self._olm.save_account()

    # --- other devices --------------------------------------------------------------------------------------------

    def devices(self, user: str) -> list[OlmDevice]:
        """Return the known devices of a user, without the bot's own."""
        own = (self.user_id, self.device_id)
        return [device for device in self._olm.device_store.active_user_devices(user) if (user, device.id) != own]

    def learn_devices(self, user: str, devices: Json) -> None:
        """Learn the server's list of a user's devices; skip malformed ones and keep what was known of them."""
        response = KeysQueryResponse.from_dict({"device_keys": {user: devices}, "failures": {}})
        if not isinstance(response, KeysQueryResponse):
            raise MalformedError("device list")
        self._olm.handle_response(response)

    def trust(self, device: OlmDevice, level: str) -> None:
        """Set the trust in a device: ``signed``, ``allowed`` (gets keys unsigned); any other level gets no keys."""
        if level == "signed":
            self._store.verify_device(device)
        elif level == "allowed":
            self._store.ignore_device(device)
        else:
            self._store.blacklist_device(device)

    def readers(self, users: Iterable[str]) -> frozenset[tuple[str, str]]:
        """Return the devices that may get room keys: ``(user id, identity key)``."""
        devices = (device for user in users for device in self.devices(user))
        return frozenset((device.user_id, device.curve25519) for device in devices if not device.blacklisted)

    def missing_sessions(self, users: Iterable[str]) -> dict[str, list[str]]:
        """Return, by user, the devices that may get keys and have no Olm session."""
        missing: dict[str, list[str]] = {}
        for user in users:
            for device in self.devices(user):
                if not device.blacklisted and not self._olm.session_store.get(device.curve25519):
                    missing.setdefault(user, []).append(device.id)
        return missing

    def wedged(self) -> dict[str, list[str]]:
        """Return the devices with a broken session, which need a new one."""
        return {d.user_id: [d.id] for d in self._olm.wedged_devices}

    def start_sessions(self, one_time_keys: Json) -> None:
        """Start Olm sessions from claimed one-time keys; skip malformed ones."""
        for user, devices in one_time_keys.items():
            for device_id, key in devices.items() if isinstance(devices, dict) else ():
                response = KeysClaimResponse.from_dict({"one_time_keys": {user: {device_id: key}}, "failures": {}}, "")
                if isinstance(response, KeysClaimResponse):
                    try:
                        self._olm.handle_response(response)
                    except Exception:  # noqa: BLE001, S112 - bad foreign keys must not stop the others
                        continue

    def take_outgoing(self) -> list[tuple[str, str, str, Json]]:
        """Return ``(type, user, device, content)`` of to-device messages that the machine wants sent (new sessions)."""
        waiting, self._olm.outgoing_to_device_messages = self._olm.outgoing_to_device_messages, []
        return [(m.type, m.recipient, m.recipient_device, m.content) for m in waiting if m.type == "m.room.encrypted"]

    # --- messages -------------------------------------------------------------------------------------------------

    def read_to_device(self, raw: Json) -> str:
        """Read an encrypted to-device message; return the session id of the room key in it, or empty."""
        self._check_olm(raw["content"])
        event = ToDeviceEvent.parse_event(raw)
        if event is None or isinstance(event, BadEvent | UnknownBadEvent):
            raise MalformedError("to-device message")
        inner = self._olm.handle_to_device_event(event)
        if isinstance(inner, BadEvent | UnknownBadEvent):
            raise MalformedError("to-device content")
        return str(inner.session_id) if isinstance(inner, RoomKeyEvent) else ""

    def _check_olm(self, content: Json) -> None:
        ciphertext = content.get("ciphertext")
        if content.get("algorithm") != OLM or not isinstance(ciphertext, dict):
            raise MalformedError("to-device message")
        ours = ciphertext.get(self.curve25519, {"type": 0, "body": "for another device"})
        if not isinstance(ours, dict) or ours.get("type") not in (0, 1) or not isinstance(ours.get("body"), str):
            raise MalformedError("to-device message")

    def decrypt(self, room_id: str, raw: Json) -> Json:
        """Return the clear event of a message. Raise ``NoKeyError`` (may work later) or ``MalformedError`` (never)."""
        content = raw["content"]
        session_id, ciphertext = content.get("session_id"), content.get("ciphertext")
        if not (isinstance(session_id, str) and session_id and isinstance(ciphertext, str) and ciphertext):
            raise MalformedError("encrypted message")
        sender_key = self._session_owner(room_id, session_id)
        if sender_key is None:
            raise NoKeyError(session_id)
        device_id = self._device_of(raw["sender"], sender_key)
        complete = raw | {"content": {"device_id": device_id} | content | {"sender_key": sender_key}}
        event = MegolmEvent.from_dict(complete)
        if isinstance(event, BadEvent | UnknownBadEvent):
            raise MalformedError("encrypted message")
        try:
            clear = self._olm.decrypt_megolm_event(event, room_id)
        except EncryptionError as error:
            if "unknown message index" in str(error):  # the key is for later messages
                raise NoKeyError(session_id) from error
            raise MalformedError("encrypted message that its own key does not open") from error
        source: Json = clear.source
        self.writers.add((room_id, raw["sender"], sender_key))
        return raw | {"type": source.get("type"), "content": source.get("content")}

    def _session_owner(self, room_id: str, session_id: str) -> str | None:
        for sender_key, sessions in self._olm.inbound_group_store._entries.get(room_id, {}).items():  # noqa: SLF001
            if session_id in sessions:
                return str(sender_key)
        return None

    def _device_of(self, user: str, sender_key: str) -> str:
        device = self._olm.device_store.device_from_sender_key(user, sender_key)
        return str(device.id) if device else "unknown"

    def knows_session(self, room_id: str, session_id: str) -> bool:
        """Return whether the key of a room message is there."""
        return self._session_owner(room_id, session_id) is not None

    # --- room keys ------------------------------------------------------------------------------------------------

    def encrypted_rooms(self) -> set[str]:
        """Return the rooms once seen encrypted: the bot never sends to them in clear."""
        return set(self._store.load_encrypted_rooms())

    def remember_encrypted(self, room_id: str) -> None:
        """Never send in clear to this room again."""
        self._store.save_encrypted_rooms({room_id})

    def new_room_key_needed(self, room_id: str) -> bool:
        """Return whether the room's key must be shared before the bot can send."""
        return bool(self._olm.should_share_group_session(room_id))

    def drop_room_key(self, room_id: str) -> None:
        """Drop the key after a change of members or devices: the next message gets a new key."""
        self._olm.outbound_group_sessions.pop(room_id, None)

    def room_key_messages(self, room_id: str, users: list[str], rotation: Rotation) -> list[Json]:
        """Return the to-device messages (``messages`` objects) that share a new room key with the users' devices."""
        self._olm.create_outbound_group_session(room_id)
        session = self._olm.outbound_group_sessions[room_id]
        session.max_messages, session.max_age = rotation.messages, rotation.age
        shares = self._olm.share_group_session_parallel(room_id, users, ignore_unverified_devices=False)
        return [body["messages"] for _, body in shares]

    def room_key_shared(self, room_id: str) -> None:
        """Allow the use of the key once all messages are sent, unless the key was dropped meanwhile."""
        if session := self._olm.outbound_group_sessions.get(room_id):
            session.shared = True

    def encrypt(self, room_id: str, kind: str, content: Json) -> Json:
        """Return the encrypted form of an event; its relation stays readable, as the specification requires."""
        encrypted: Json = self._olm.group_encrypt(room_id, {"content": content, "type": kind})
        if "m.relates_to" in content:
            encrypted["m.relates_to"] = content["m.relates_to"]
        return encrypted
