"""A too deeply nested event is refused before any recursive function reads it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from bot.channels.matrix.normalise import MAX_DEPTH, MalformedEventError, check_shape
from bot.channels.matrix.position import Position


def event(depth: int) -> dict[str, object]:
    content = {"algorithm": "m.megolm.v1.aes-sha2", "x": json.loads("[" * depth + "]" * depth)}
    return {"event_id": "$1", "sender": "@a:b", "type": "m.room.encrypted", "origin_server_ts": 1, "content": content}


@pytest.mark.parametrize("depth", [MAX_DEPTH, 600, 900])
def test_too_deeply_nested_event_is_malformed(depth: int) -> None:
    with pytest.raises(MalformedEventError):
        check_shape(event(depth))


def test_deepest_accepted_event_can_be_stored_in_the_cursor() -> None:
    taken = check_shape(event(MAX_DEPTH - 3))
    assert Position().hold("!r", taken, datetime.now(UTC)).dump()
