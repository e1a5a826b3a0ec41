"""Notices to devices that get no room key, so that their clients can say why a message cannot be read."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

import structlog

from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.http import Json, MatrixError, RequestRefusedError, Server
from bot.channels.matrix.pins import CHANGED
from bot.channels.matrix.rooms import Room

log = structlog.get_logger()

KIND = "m.room_key.withheld"
MEGOLM = "m.megolm.v1.aes-sha2"
UNVERIFIED, BLACKLISTED, NO_OLM = "m.unverified", "m.blacklisted", "m.no_olm"  # of the specification
REASONS = {
    UNVERIFIED: "Your own identity has not verified this device.",
    BLACKLISTED: "Your identity has changed. An administrator of the bot must confirm it.",
    NO_OLM: "No secure channel to this device could be established.",
}
AT_ONCE = 200  # devices in one request

Devices = dict[tuple[str, str], str]  # (user, device) → code


def code_of(level: str) -> str:
    """Return the code for refused devices of a user with this level of trust (``bot.channels.matrix.pins``)."""
    return BLACKLISTED if level == CHANGED else UNVERIFIED


class Withheld:
    """A sender of notices: once per device and room key."""

    def __init__(self, server: Server, crypto: Crypto) -> None:
        self._server = server
        self._crypto = crypto
        self._levels: dict[str, str] = {}  # by user
        self._told: dict[str, tuple[str, set[tuple[str, str]]]] = {}  # by room: key, and the devices that know

    def note(self, user: str, level: str) -> None:
        """Note the level of trust in a user."""
        self._levels[user] = level

    async def tell(self, room: Room, session_id: str) -> None:
        """Tell the devices of the room's readers that do not get this room key. A failure is retried with its next use.

        Raise ``RequestRefusedError`` only if the bot is signed out.
        """
        known, told = self._told.get(room.id, ("", set()))
        if known != session_id:
            told = set()
        self._told[room.id] = session_id, told
        left = {device: code for device, code in self._without_key(room.readers).items() if device not in told}
        while left:
            some = dict(list(left.items())[:AT_ONCE])
            try:
                await self._send(room.id, session_id, some)
            except MatrixError as error:
                if isinstance(error, RequestRefusedError) and error.signed_out:
                    raise
                log.info("matrix.withheld_not_sent", devices=len(left), reason=error.message)
                return
            told.update(some)
            left = {device: code for device, code in left.items() if device not in some}

    def _without_key(self, users: Iterable[str]) -> Devices:
        users = list(users)
        missing: Devices = {
            (user, device): NO_OLM
            for user, devices in self._crypto.missing_sessions(users).items()
            for device in devices
        }
        refused = [device for user in users for device in self._crypto.devices(user) if device.blacklisted]
        return missing | {(d.user_id, d.id): code_of(self._levels.get(d.user_id, "")) for d in refused}

    async def _send(self, room_id: str, session_id: str, devices: Devices) -> None:
        messages: dict[str, Json] = {}
        for (user, device), code in devices.items():
            messages.setdefault(user, {})[device] = {
                "algorithm": MEGOLM,
                "code": code,
                "reason": REASONS[code],
                "room_id": room_id,
                "session_id": session_id,
                "sender_key": self._crypto.curve25519,
            }
        await self._server.put("v3", "sendToDevice", KIND, uuid4().hex, body={"messages": messages})

    def locked_out(self) -> list[tuple[str, str, str]]:
        """Return ``(room, user, device)`` of refused devices that have written since the last call.

        Only users who can read on another device are returned: the others could not read a hint either.
        """
        writers, self._crypto.writers = self._crypto.writers, set()
        found = []
        for room_id, user, key in sorted(writers):
            devices = self._crypto.devices(user)
            if any(not device.blacklisted for device in devices):
                refused = [device.id for device in devices if device.blacklisted and device.curve25519 == key]
                found += [(room_id, user, device) for device in refused]
        return found
