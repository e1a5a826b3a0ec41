"""Devices that get no room key are told why, once per key; a person hears of it on another device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import Json
from bot.channels.matrix.pins import CHANGED, REFUSED, SIGNED
from bot.channels.matrix.rooms import Rotation
from bot.channels.matrix.withheld import BLACKLISTED, NO_OLM, UNVERIFIED, code_of
from bot.messages import Happening, Inbound
from tests.bot.channels.matrix.household import Household
from tests.bot.channels.matrix.rig import ANNA, ME, NOW_MS, ROOM, Rig, answer_with, event, member


class Tablet:
    """A second device of Anna, which she has not signed."""

    def __init__(self, folder: Path) -> None:
        self.folder = Folder(folder / "tablet")
        self.folder.open()
        self.crypto = Crypto(ANNA, "TABLET", self.folder, "key", new=True)
        self.upload = self.crypto.key_upload(0, fallback=True) or {}

    def close(self) -> None:
        self.crypto.close()
        self.folder.close()


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Household]:
    made = Household(tmp_path)
    yield made
    made.close()


@pytest.fixture
def tablet(tmp_path: Path) -> Iterator[Tablet]:
    made = Tablet(tmp_path)
    yield made
    made.close()


def add(home: Household, tablet: Tablet) -> None:
    """Anna logs in on the tablet and skips its verification."""
    home.server.shown["device_keys"][ANNA]["TABLET"] = tablet.upload["device_keys"]


def told(home: Household) -> list[tuple[str, str, str]]:
    return [(device, content["session_id"], content["code"]) for _, device, content in home.server.withheld]


async def test_unsigned_device_is_told_once_per_room_key_and_the_signed_one_is_not(
    home: Household, tablet: Tablet
) -> None:
    home.new_identity()
    add(home, tablet)
    first = await home.write()
    assert await home.write() == first
    home.encryption(rotation_period_msgs=1)
    second = await home.write()
    assert told(home) == [("TABLET", first, UNVERIFIED), ("TABLET", second, UNVERIFIED)]
    (_, _, content), *_ = home.server.withheld
    assert content == {
        "algorithm": "m.megolm.v1.aes-sha2", "code": "m.unverified", "room_id": ROOM, "session_id": first,
        "sender_key": home.crypto.curve25519, "reason": content["reason"],
    }  # fmt: skip
    assert content["reason"]


async def test_device_that_appears_while_a_key_is_in_use_is_told_too(home: Household, tablet: Tablet) -> None:
    home.new_identity()
    first = await home.write()
    add(home, tablet)
    assert await home.write() == first
    assert told(home) == [("TABLET", first, UNVERIFIED)]


async def test_user_with_a_changed_identity_is_told_on_all_devices(home: Household) -> None:
    home.new_identity()
    await home.write()
    home.new_identity()
    key = await home.write()
    assert told(home) == [("PHONE", key, BLACKLISTED)]


async def test_device_without_one_time_keys_is_told_until_it_gets_the_key(
    home: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr("bot.channels.matrix.keys.monotonic", lambda: now)
    home.server.one_time_keys.clear()
    key = await home.write()
    await home.write()
    assert told(home) == [("PHONE", key, NO_OLM)]
    home.offer_one_time_keys()
    now += 601
    await home.write()
    assert len(home.server.withheld) == 1


async def test_notice_that_cannot_be_sent_stops_no_message_and_is_retried(home: Household, tablet: Tablet) -> None:
    home.new_identity()
    add(home, tablet)
    home.server.refuses_withheld = True
    key = await home.write()
    home.server.refuses_withheld = False
    await home.write()
    assert told(home) == [("TABLET", key, UNVERIFIED)]


def test_codes_are_those_of_the_specification() -> None:
    assert [code_of(level) for level in (SIGNED, REFUSED, CHANGED)] == [UNVERIFIED, UNVERIFIED, BLACKLISTED]


# --- the person -------------------------------------------------------------------------------------------------------


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


async def after_a_message_from_the_tablet(rig: Rig, tablet: Tablet, *states: Json) -> list[Inbound]:
    """What the bot is to say after Anna wrote twice on a device that it refuses, while her phone can read."""
    ours = rig.crypto.key_upload(0, fallback=False) or {"one_time_keys": {}}
    tablet.crypto.learn_devices(ME, {"BOT": rig.own_device_keys})
    tablet.crypto.trust(tablet.crypto.devices(ME)[0], "allowed")
    tablet.crypto.start_sessions({ME: {"BOT": dict([next(iter(ours["one_time_keys"].items()))])}})
    key = next(iter(tablet.crypto.room_key_messages(ROOM, [ME], Rotation())))[ME]["BOT"]
    tablet.crypto.room_key_shared(ROOM)
    to_device = [{"type": "m.room.encrypted", "sender": ANNA, "content": key}]

    def says(number: int) -> Json:
        content = tablet.crypto.encrypt(ROOM, "m.room.message", {"msgtype": "m.text", "body": f"{number}"})
        return event("m.room.encrypted", content, event_id=f"$tablet{number}", origin_server_ts=NOW_MS)

    known = {**rig.devices_of_anna, "TABLET": tablet.upload["device_keys"]}
    rig.crypto.learn_devices(ANNA, known)
    for device in rig.crypto.devices(ANNA):
        rig.crypto.trust(device, "refused" if device.id == "TABLET" else "signed")
    async with rig.bot() as (sync, inbox):
        for answer in (answer_with(*states), answer_with(says(1), to_device=to_device), answer_with(says(2)), {}):
            await sync._take({"next_batch": "s", **answer})
    return [happening for happening in inbox.happenings if happening.happening is Happening.EXPLAINED]


async def test_user_who_writes_on_a_refused_device_gets_a_hint_once_per_device(rig: Rig, tablet: Tablet) -> None:
    said = await after_a_message_from_the_tablet(rig, tablet)
    assert {(hint.text, hint.user, hint.address.conversation) for hint in said} == {("device_refused", ANNA, ROOM)}
    assert len({hint.id for hint in said}) == 1, "the inbox takes it once"


async def test_hint_about_a_device_is_given_in_no_group(rig: Rig, tablet: Tablet) -> None:
    assert await after_a_message_from_the_tablet(rig, tablet, member("@ben:a.example")) == []
