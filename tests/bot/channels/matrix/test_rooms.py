"""Who is an admin of a room, as the homeserver tells it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.channels.matrix.rooms import is_admin

MAKER, ADMIN, MODERATOR, MEMBER = "@maker:a", "@admin:a", "@moderator:a", "@member:a"
LEVELS = {"users": {ADMIN: 100, MODERATOR: 50}}


def create(version: Any, **content: Any) -> dict[str, Any]:
    return {"sender": MAKER, "content": {"room_version": version} | content}


def test_user_with_power_level_100_is_an_admin() -> None:
    seen = [user for user in (MAKER, ADMIN, MODERATOR, MEMBER) if is_admin(user, LEVELS, create("11"))]
    assert seen == [ADMIN]
    assert is_admin(MEMBER, {"users_default": 100}, create("11"))


def test_creators_of_a_version_12_room_are_admins() -> None:
    recent = create("12", additional_creators=[MEMBER])
    assert [user for user in (MAKER, ADMIN, MODERATOR, MEMBER) if is_admin(user, LEVELS, recent)] == [
        MAKER,
        ADMIN,
        MEMBER,
    ]


@pytest.mark.parametrize("version", [None, 12, "twelve", "org.example.12", ["12"], "1.5"])
def test_creator_of_a_room_with_an_unknown_version_is_not_an_admin(version: Any) -> None:
    assert not is_admin(MAKER, {}, create(version))


@pytest.mark.parametrize("levels", [{}, {"users": []}, {"users": {MEMBER: "100"}}, {"users_default": None}])
def test_malformed_power_levels_make_no_member_an_admin(levels: dict[str, Any]) -> None:
    assert not is_admin(MEMBER, levels, create("12", additional_creators="@member:a"))
