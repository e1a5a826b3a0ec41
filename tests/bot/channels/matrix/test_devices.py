"""Unknown devices on the bot's account: which ones they are, and that the admins hear of each once."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.channels.matrix.devices import LOOK_AGAIN_S, Noted, OwnDevices, find_unknown, shown, worth_an_alert
from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import Json, RequestRefusedError, Server
from bot.channels.matrix.signing import SigningKey
from tests.bot.channels.matrix.rig import ME


class Account(Server):
    """A homeserver with the bot's account, an identity and devices."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.master, self.signer = SigningKey(secrets.token_bytes(32)), SigningKey(secrets.token_bytes(32))
        self.sessions: list[str] = []
        self.keys: Json = {}
        self.lists_sessions = True

    def add(self, device: str, *, keys: bool = True, signed: bool = False) -> None:
        self.sessions.append(device)
        value: Json = {"user_id": ME, "device_id": device, "keys": {f"ed25519:{device}": "k"}}
        signatures = {ME: {self.signer.id: self.signer.sign(value)}} if signed else {}
        if keys:
            self.keys[device] = value | {"signatures": signatures}

    async def request(self, method: str, *path: str, **more: Any) -> Json:
        if path == ("v3", "devices"):
            if not self.lists_sessions:
                raise RequestRefusedError(403, {"errcode": "M_FORBIDDEN"}, "GET devices")
            return {"devices": [{"device_id": device} for device in self.sessions]}
        return {"device_keys": {ME: self.keys}}


@pytest.fixture
def account() -> Account:
    made = Account()
    made.add("BOT", signed=True)
    return made


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path)
    made.open()
    yield made
    made.close()


async def found(account: Account) -> dict[str, bool]:
    return await find_unknown(account, ME, "BOT", account.signer.public)


async def test_device_that_the_identity_has_not_signed_is_unknown(account: Account) -> None:
    account.add("UNSIGNED")
    account.add("SIGNED", signed=True)
    account.add("WITHOUTKEYS", keys=False)
    assert await found(account) == {"UNSIGNED": True, "WITHOUTKEYS": False}


async def test_own_device_is_known_even_without_a_signature(account: Account) -> None:
    account.keys["BOT"] = {}
    assert await found(account) == {}


async def test_device_signed_by_another_identity_is_unknown(account: Account) -> None:
    account.add("SIGNED", signed=True)
    other = SigningKey(secrets.token_bytes(32))
    assert await find_unknown(account, ME, "BOT", other.public) == {"SIGNED": True}


async def test_devices_with_keys_are_found_if_the_server_lists_no_sessions(account: Account) -> None:
    account.add("UNSIGNED")
    account.lists_sessions = False
    assert await found(account) == {"UNSIGNED": True}


async def test_admins_are_alerted_once_for_each_unknown_device_across_restarts(
    account: Account, folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000_000.0
    monkeypatch.setattr("bot.channels.matrix.devices.monotonic", lambda: now)
    alerts: list[tuple[str, Json]] = []

    async def alert(code: str, *, subject: str = "", **values: str | int) -> None:
        assert subject
        alerts.append((code, dict(values)))

    def started() -> OwnDevices:
        return OwnDevices(account, folder, ME, "BOT", account.signer.public, alert)

    devices = started()
    await devices.look()
    account.add("ONE")
    await devices.look()
    assert alerts == [], "within the hour the bot looks again only if the server reports a change"
    devices.changed()
    await devices.look()
    await devices.look()
    account.add("TWO", keys=False)
    now += LOOK_AGAIN_S
    await devices.look()
    await started().look()
    assert alerts == [("unknown_device", {"device": "ONE"}), ("unknown_device", {"device": "TWO"})]


async def test_device_that_comes_back_is_reported_again(account: Account, folder: Folder) -> None:
    alerts: list[str] = []

    async def alert(code: str, *, subject: str = "", **values: str | int) -> None:
        alerts.append(code)

    for sessions in (["BOT"], ["BOT", "ONE"], ["BOT"], ["BOT", "ONE"]):
        account.sessions = sessions
        await OwnDevices(account, folder, ME, "BOT", account.signer.public, alert).look()
    assert len(alerts) == 2


async def test_session_without_keys_from_before_the_first_start_is_no_alert(account: Account, folder: Folder) -> None:
    """Commands that make an account often leave one."""
    alerts: list[str | int] = []

    async def alert(code: str, *, subject: str = "", **values: str | int) -> None:
        alerts.append(values["device"])

    account.add("MADE", keys=False)
    account.add("CLIENT")
    assert worth_an_alert(await found(account), Noted.load(folder)) == ["CLIENT"]
    for later in ("", "LATER"):
        if later:
            account.add(later, keys=False)
        await OwnDevices(account, folder, ME, "BOT", account.signer.public, alert).look()
    assert alerts == ["CLIENT", "LATER"]
    account.add("MADE")
    await OwnDevices(account, folder, ME, "BOT", account.signer.public, alert).look()
    assert alerts[2:] == ["MADE"], "now clients show it"


@pytest.mark.parametrize(
    ("device", "text"),
    [("ABCDEFGHIJ", "ABCDEFGHIJ"), ("https://evil.example/x", "https???evil?example?x"), ("a" * 99, "a" * 40)],
)
def test_device_id_in_an_alert_is_neither_a_link_nor_long(device: str, text: str) -> None:
    assert shown(device) == text
