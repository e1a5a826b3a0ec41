"""``check`` says whether alerts can go to the management room, and what the translation server translates."""

from __future__ import annotations

from typing import Any

import pytest

from bot.cli.checking import room_lines, translation_lines
from config.settings import Settings
from config.translation import TranslationSettings
from tests.translation_server import translation_server

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


@pytest.mark.parametrize(
    ("languages", "state"),
    [
        ([{"code": code, "targets": ["de", "en", "pl"]} for code in ("de", "en", "pl")], "ok"),
        ([{"code": "de", "targets": ["en"]}], "none"),
        ("garbage", "fail"),
    ],
)
async def test_check_tells_whether_the_translation_server_knows_the_languages(languages: object, state: str) -> None:
    async with translation_server() as server:
        server.languages = languages
        settings = Settings(translation=TranslationSettings(url=server.url))
        assert [state async for state, _ in translation_lines(settings)] == [state]
    assert [line async for line in translation_lines(Settings())] == []
