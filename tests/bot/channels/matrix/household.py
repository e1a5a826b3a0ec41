"""The bot's keys and a user's, and a homeserver that holds keys: for tests of who gets which key."""

from __future__ import annotations

import copy
import secrets
from pathlib import Path
from typing import Any

from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import BusyError, Json, Server, part
from bot.channels.matrix.keys import Keys
from bot.channels.matrix.rooms import Room
from bot.channels.matrix.signing import SigningKey
from tests.bot.channels.matrix.rig import ANNA, ME, ROOM, event, member


class Directory(Server):
    """A homeserver that holds keys, and delivers what is sent to devices."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.shown: Json = {"device_keys": {}, "master_keys": {}, "self_signing_keys": {}}
        self.one_time_keys: dict[str, list[Json]] = {}  # by user
        self.delivered: list[Json] = []
        self.withheld: list[tuple[str, str, Json]] = []  # user, device, content
        self.refuses_withheld = False

    async def request(self, method: str, *path: str, **more: Any) -> Json:
        match path[1:]:
            case ("keys", "query"):
                return copy.deepcopy(self.shown)
            case ("keys", "claim"):
                asked = more["body"]["one_time_keys"]
                return {"one_time_keys": {user: self._claimed(user, devices) for user, devices in asked.items()}}
            case ("sendToDevice", "m.room_key.withheld", _):
                if self.refuses_withheld:
                    raise BusyError("PUT sendToDevice: 502.")
                for user, devices in more["body"]["messages"].items():
                    self.withheld += [(user, device, content) for device, content in devices.items()]
            case ("sendToDevice", *_):
                self.delivered.append(more["body"]["messages"])
        return {}

    def _claimed(self, user: str, devices: Json) -> Json:
        left = self.one_time_keys.get(user, [])
        return {device: left.pop() for device in devices if left}

    def new_identity(self, user: str) -> tuple[SigningKey, SigningKey]:
        """A user has another identity than before: its master key, and the one that signs devices."""
        master, signer = SigningKey(secrets.token_bytes(32)), SigningKey(secrets.token_bytes(32))
        for kind, key in (("master", master), ("self_signing", signer)):
            value: Json = {"user_id": user, "usage": [kind], "keys": {key.id: key.public}}
            self.shown[f"{kind}_keys"][user] = value | {"signatures": {user: {master.id: master.sign(value)}}}
        return master, signer


class Household:
    """The bot's keys, and Anna with a phone and an identity on the server."""

    def __init__(self, folder: Path, server: Directory | None = None) -> None:
        self.folders = [Folder(folder / name) for name in ("bot", "anna")]
        for opened in self.folders:
            opened.open()
        self.crypto = Crypto(ME, "BOT", self.folders[0], "key", new=True)
        self.anna = Crypto(ANNA, "PHONE", self.folders[1], "key", new=True)
        self.server = server or Directory()
        self.alerts: list[tuple[str, Json]] = []
        upload = self.anna.key_upload(0, fallback=True)
        assert upload
        self._phone, self._one_time_keys = upload["device_keys"], upload["one_time_keys"]
        self.server.shown["device_keys"][ANNA] = {"PHONE": self._phone}
        self.offer_one_time_keys()
        self.keys = self.started()
        self.room = Room(ROOM, ME)
        for one in (member(ME), member(ANNA)):
            self.room.apply(one)

    def started(self) -> Keys:
        """The part under test, as after a start."""
        return Keys(self.server, self.crypto, self.folders[0], allow_unsigned=True, alert=self._alert)

    async def _alert(self, code: str, *, subject: str = "", **values: str | int) -> None:
        self.alerts.append((code, {"subject": subject} | values))

    def offer_one_time_keys(self) -> None:
        self.server.one_time_keys[ANNA] = [{name: key} for name, key in self._one_time_keys.items()]

    def new_identity(self) -> str:
        """Anna makes an identity and signs her phone with it; returns its public key."""
        master, signer = self.server.new_identity(ANNA)
        bare = {name: value for name, value in self._phone.items() if name != "signatures"}
        signatures = self._phone["signatures"][ANNA] | {signer.id: signer.sign(bare)}
        self.server.shown["device_keys"][ANNA] = {"PHONE": bare | {"signatures": {ANNA: signatures}}}
        return master.public

    async def write(self, text: str = "x") -> str:
        """The bot writes; returns the id of the key that it used."""
        content = await self.keys.encrypt(self.room, "m.room.message", {"msgtype": "m.text", "body": text})
        return str(content["session_id"])

    @property
    def shared(self) -> int:
        """How often a key was sent to Anna's phone."""
        return sum("PHONE" in part(messages, ANNA) for messages in self.server.delivered)

    def encryption(self, **rules: object) -> None:
        """A member with the right to do so sets how the room is encrypted."""
        content = {"algorithm": "m.megolm.v1.aes-sha2", **rules}
        if self.room.apply(event("m.room.encryption", content, state_key="")):
            self.crypto.drop_room_key(ROOM)

    def close(self) -> None:
        for crypto in (self.crypto, self.anna):
            crypto.close()
        for opened in self.folders:
            opened.close()
