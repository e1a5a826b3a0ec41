"""Which devices get a room's key, when the bot replaces it, and who is told of a changed identity."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import structlog.testing

from bot.channels.matrix.http import Json
from bot.channels.matrix.pins import confirm
from tests.bot.channels.matrix.household import Household
from tests.bot.channels.matrix.rig import ANNA, ME, ROOM


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Household]:
    made = Household(tmp_path)
    yield made
    made.close()


# --- rotation -------------------------------------------------------------------------------------------------------


async def test_room_key_is_replaced_after_as_many_messages_as_the_room_sets(home: Household) -> None:
    home.encryption(rotation_period_msgs=3)
    used = [await home.write() for _ in range(7)]
    assert [used.index(key) for key in used] == [0, 0, 0, 3, 3, 3, 6]
    assert home.shared == 3


@pytest.mark.parametrize("wanted", [{}, {"rotation_period_msgs": 5_000}, {"rotation_period_msgs": "3"}], ids=str)
async def test_room_key_is_replaced_after_100_messages_at_the_latest(home: Household, wanted: Json) -> None:
    home.encryption(**wanted)
    used = [await home.write() for _ in range(101)]
    assert len(set(used[:100])) == 1
    assert used[100] != used[0]


async def test_room_key_is_replaced_at_the_age_that_the_room_sets(home: Household) -> None:
    home.encryption(rotation_period_ms=2 * 3_600_000)
    first = await home.write()
    home.crypto._olm.outbound_group_sessions[ROOM].creation_time -= timedelta(hours=1, minutes=59)
    assert await home.write() == first
    home.crypto._olm.outbound_group_sessions[ROOM].creation_time -= timedelta(minutes=1)
    assert await home.write() != first


async def test_room_with_a_rotation_period_of_zero_gets_a_new_key_for_each_message(home: Household) -> None:
    home.encryption(rotation_period_ms=0, rotation_period_msgs=-5)
    used = [await home.write() for _ in range(3)]
    assert len(set(used)) == 3


async def test_new_rotation_rules_replace_the_key_at_once_and_equal_ones_keep_it(home: Household) -> None:
    home.encryption()
    first = await home.write()
    home.encryption(rotation_period_msgs=100)
    assert await home.write() == first
    home.encryption(rotation_period_msgs=2)
    used = [await home.write() for _ in range(3)]
    assert first not in used
    assert used[0] == used[1] != used[2]


# --- devices that cannot get the key --------------------------------------------------------------------------------


async def test_device_without_one_time_keys_gets_the_room_key_at_the_next_retry(
    home: Household, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000.0
    monkeypatch.setattr("bot.channels.matrix.keys.monotonic", lambda: now)
    home.server.one_time_keys.clear()
    with structlog.testing.capture_logs() as logs:
        first = await home.write()
        home.offer_one_time_keys()
        assert await home.write() == first, "not before its time: a dead device would cost a request for each answer"
    assert home.shared == 0
    assert [line["devices"] for line in logs if line["event"] == "matrix.no_one_time_key"] == [[f"{ANNA} PHONE"]]
    now += 601
    assert await home.write() != first
    assert home.shared == 1


# --- identities -----------------------------------------------------------------------------------------------------


async def test_user_with_a_changed_identity_gets_no_keys_and_admins_are_alerted_once(home: Household) -> None:
    home.new_identity()
    await home.write()
    assert home.shared == 1
    home.new_identity()
    for _ in range(3):
        await home.write()
    assert home.shared == 1
    assert [(code, values["user"]) for code, values in home.alerts] == [("identity_changed", ANNA)]
    assert ANNA not in home.alerts[0][1]["subject"]

    home.new_identity()
    await home.write()
    assert len(home.alerts) == 2, "yet another one is news"
    home.keys = home.started()
    await home.write()
    assert len(home.alerts) == 3, "a new process does not know what was told, and asks for a decision again"
    assert len({values["subject"] for _, values in home.alerts}) == 1, "so that no more than one an hour is sent"


async def test_alert_is_sent_if_the_identity_of_the_bot_is_not_that_of_its_seeds(home: Household) -> None:
    for _ in range(2):  # the second one after a reset
        master, _ = home.server.new_identity(ME)
        home.keys = home.started()
        home.keys.own_identity(master.public)
        await home.write()
        assert home.alerts == []
    home.server.new_identity(ME)
    await home.write()
    assert [values["user"] for _, values in home.alerts] == [ME], "that was somebody else"


async def test_vanished_identity_is_treated_as_a_changed_one(home: Household) -> None:
    home.new_identity()
    await home.write()
    for kind in ("master_keys", "self_signing_keys"):
        home.server.shown[kind] = {}
    await home.write()
    assert home.shared == 1
    assert len(home.alerts) == 1


async def test_identity_that_the_operator_confirms_gets_the_key_with_the_next_answer(home: Household) -> None:
    home.new_identity()
    await home.write()
    identity = home.new_identity()
    await home.write()
    confirm(home.folders[0], ANNA, identity)
    await home.write()
    assert home.shared == 2
    assert len(home.alerts) == 1


async def test_user_id_in_an_alert_is_quoted_for_the_shell(home: Household) -> None:
    """Ids on other servers may hold any characters, and an admin copies this one into a shell."""
    evil = "@$(reboot):evil.example"
    home.keys._masters[evil] = "M2"
    await home.keys._tell(evil)
    assert home.alerts[0][1]["user"] == f"'{evil}'"
