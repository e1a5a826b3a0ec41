"""Unknown devices on the bot's own account: left by a lost installation, or made by a person who knows the password.

The bot knows its own device, and every device that the account's identity has signed: those of other processes, and of
people who have the recovery key. Clients warn of all others that have keys. A session without keys is noticed if it
appears while the bot runs or between two starts; those of before are how the account was made.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Self

import structlog

from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import Json, RequestRefusedError, Server
from bot.channels.matrix.login import own_keys
from bot.channels.matrix.signing import device_signed
from bot.channels.port import Alert

log = structlog.get_logger()

NOTED = "noted-devices.json"
LOOK_AGAIN_S = 3_600.0
MOST_ALERTS = 5  # per look


@dataclass(frozen=True, slots=True)
class Noted:
    """What the bot knows of the account's other devices."""

    reported: frozenset[str] = frozenset()  # the admins were alerted
    at_first: frozenset[str] = frozenset()  # sessions without keys that were there at first: the account was made so

    @classmethod
    def load(cls, folder: Folder) -> Self | None:
        """Return the stored notes; ``None`` before the first look."""
        if (kept := folder.read(NOTED)) is None:
            return None
        return cls(*(frozenset(map(str, kept.get(name, ()))) for name in ("reported", "at_first")))

    def save(self, folder: Folder) -> None:
        """Store the notes."""
        folder.write(NOTED, {"reported": sorted(self.reported), "at_first": sorted(self.at_first)})


def unknown(listed: Iterable[str], keys: dict[str, Json], user: str, own: str, signer: str) -> dict[str, bool]:
    """Return the account's devices that are not ``own`` and that ``signer`` (a public key) has not signed.

    ``listed`` are all sessions of the account, ``keys`` the keys of those that have any. The values tell which do:
    clients show only these.
    """
    ids = sorted({*listed, *keys["device"]} - {own})
    return {
        device: device in keys["device"]
        for device in ids
        if not device_signed(keys["device"].get(device), user, signer)
    }


async def find_unknown(server: Server, user: str, own: str, signer: str) -> dict[str, bool]:
    """Return the unknown devices as ``unknown`` does. Raise ``MatrixError`` if the server cannot be asked."""
    try:
        answer = await server.get("v3", "devices")
    except RequestRefusedError as error:
        if error.signed_out:
            raise
        answer = {}  # a token without the right to list sessions: those with keys remain
    devices = answer.get("devices")
    ids = [device.get("device_id") for device in devices if isinstance(device, dict)] if type(devices) is list else []
    return unknown([name for name in ids if isinstance(name, str)], await own_keys(server, user), user, own, signer)


def worth_an_alert(found: Mapping[str, bool], noted: Noted | None) -> list[str]:
    """Return the unknown devices that need an admin, known from the notes or not; before the first look: with keys."""
    at_first = {device for device, has_keys in found.items() if not has_keys} if noted is None else noted.at_first
    return [device for device, has_keys in found.items() if has_keys or device not in at_first]


def shown(device: str) -> str:
    """Return the id of a device as text for a message; the one who logs in may choose it freely."""
    return re.sub(r"[^\w+=-]", "?", device, flags=re.ASCII)[:40]


class OwnDevices:
    """A watch over the account's devices that alerts the admins once for each unknown one."""

    def __init__(self, server: Server, folder: Folder, user: str, own: str, signer: str, alert: Alert) -> None:
        self._server = server
        self._folder = folder
        self._account = (user, own, signer)
        self._alert = alert
        self._looked = -LOOK_AGAIN_S

    def changed(self) -> None:
        """Look again soon: the server says that the account's devices may have changed."""
        self._looked = -LOOK_AGAIN_S

    async def look(self) -> None:
        """Alert the admins of new unknown devices, if there was no look within the hour. Raise ``MatrixError``."""
        if monotonic() - self._looked < LOOK_AGAIN_S:
            return
        found = await find_unknown(self._server, *self._account)
        self._looked = monotonic()
        before = Noted.load(self._folder)
        bad = worth_an_alert(found, before)
        new = [device for device in bad if not (before and device in before.reported)][:MOST_ALERTS]
        for device in new:
            log.error("matrix.unknown_device", device=shown(device), unknown=len(bad))
            subject = hashlib.sha256(device.encode()).hexdigest()[:16]
            await self._alert("unknown_device", subject=subject, device=shown(device))
        at_first = before.at_first if before else frozenset(found).difference(bad)
        now = Noted((before or Noted()).reported.intersection(found).union(new), at_first.intersection(found))
        if now != before:
            now.save(self._folder)
