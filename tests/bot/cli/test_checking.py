"""``check`` says whether alerts can go to the management room."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cli.checking import room_lines
from config.settings import Settings

MATRIX = {"homeserver": "https://b.example", "user_id": "@bot:b.example", "password": "p"}
TELEGRAM = {"token": "123456:abc"}
ROOM, GROUP = "matrix:!ops:b.example", "telegram:-100123"


@pytest.mark.parametrize(
    ("settings", "states"),
    [
        ({"admins": "matrix:@ada:b.example", "matrix": MATRIX}, []),
        ({"management_room": ROOM, "admins": "matrix:@ada:b.example", "matrix": MATRIX}, ["ok"]),
        ({"management_room": ROOM, "admins": "telegram:11", "matrix": MATRIX}, ["fail"]),
        ({"management_room": ROOM, "admins": "matrix:@ada:b.example"}, ["fail"]),
        ({"management_room": GROUP, "admins": "telegram:11", "telegram": TELEGRAM}, ["fail"]),
        ({"management_room": "slack:!ops", "admins": "matrix:@ada:b.example"}, ["fail"]),
    ],
)
def test_management_room_needs_an_account_and_an_admin_on_a_network_that_shows_readers(
    settings: dict[str, Any], states: list[str]
) -> None:
    assert [state for state, _ in room_lines(Settings(**settings))] == states
