"""No sync answer ends the loop, and no event harms another event: valid answers, broken in a thousand ways.

Only the network is not real: the key stores are, of the bot and of a user whose encrypted messages are broken.
"""

from __future__ import annotations

import asyncio
import copy
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.matrix.http import Json, MatrixError
from tests.bot.channels.matrix.every_kind import every_kind
from tests.bot.channels.matrix.rig import ANNA, ME, NOW_MS, OTHER, ROOM, Rig, member, text
from tests.matrix_server.synapse import memory_folder
from tests.mutations import places

CASES = 150


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    folder = memory_folder("fuzz-")
    made = Rig(folder)
    yield made
    made.close()
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


# --- what is valid --------------------------------------------------------------------------------------------------


def timeline(rig: Rig) -> list[Json]:
    return [*every_kind(), *rig.encrypted]


def to_device(rig: Rig) -> list[Json]:
    start = {"transaction_id": "t", "from_device": "PHONE", "method": "m.sas.v1", "timestamp": NOW_MS}
    return [
        *rig.to_device,
        {"type": "m.room_key_request", "sender": ANNA, "content": {"action": "request", "request_id": "r"}},
        {"type": "m.key.verification.request", "sender": ANNA, "content": start | {"methods": ["m.sas.v1"]}},
        {"type": "m.key.verification.start", "sender": ANNA, "content": start},
        {"type": "m.key.verification.mac", "sender": ANNA, "content": {"transaction_id": "t", "mac": {"a": "b"}}},
        {"type": "m.forwarded_room_key", "sender": ANNA, "content": {"room_id": ROOM, "session_id": "s"}},
    ]


def sync_answer(rig: Rig, events: list[Any], devices: list[Any]) -> Json:
    """The broken events among valid ones; the last valid one needs a key from the same answer."""
    first, last = [text("!hilfe") | {"event_id": f"$whole{number}"} for number in range(2)]
    joined = {
        ROOM: {"timeline": {"events": [first, *events, last], "limited": False, "prev_batch": "p"},
               "state": {"events": []}},
        OTHER: {"timeline": {"events": [rig.control]}},
    }  # fmt: skip
    return {
        "next_batch": "s2",
        "rooms": {"join": joined, "invite": {"!i:a.example": {"invite_state": {"events": [member(ME)]}}},
                  "leave": {"!l:a.example": {"timeline": {"events": []}}}},
        "to_device": {"events": [*devices, rig.to_device[1]]},
        "device_lists": {"changed": [ANNA], "left": ["@x:y"]},
        "device_one_time_keys_count": {"signed_curve25519": 50},
        "device_unused_fallback_key_types": ["signed_curve25519"],
    }  # fmt: skip


WHOLE = {"$whole0", "$whole1", "$control"}

# --- how it is broken -----------------------------------------------------------------------------------------------

JUNK = st.one_of(
    st.sampled_from(
        [None, True, False, 0, -1, 2**63, 1.5, "", "x", "\0", "\ud800", "😀" * 300, [], {}, [[]], {"": {}}]
    ),
    st.sampled_from(["m.text", "m.room.encrypted", "m.room.message", ANNA, "@x:y", ROOM, "m.megolm.v1.aes-sha2", "$x"]),
    st.recursive(
        st.none() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
        max_leaves=6,
    ),
)


def junk(data: st.DataObject) -> Any:
    """A copy, because the test may break a drawn value further, and draw it again."""
    return copy.deepcopy(data.draw(JUNK))


def broken(data: st.DataObject, value: Any) -> Any:
    """A copy with one to three places broken."""
    value = copy.deepcopy(value)
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from([path for path in places(value) if path] or [(None,)]))
        if last is None:
            return junk(data)
        parent = value
        for step in way:
            parent = parent[step]
        match data.draw(st.sampled_from(["replace", "replace", "remove", "wrap", "cut", "add"])):
            case "replace":
                parent[last] = junk(data)
            case "remove":
                del parent[last]
            case "wrap":
                parent[last] = data.draw(st.sampled_from([[parent[last]], {"a": parent[last]}]))
            case "cut" if isinstance(parent[last], str):
                parent[last] = parent[last][: data.draw(st.integers(0, len(parent[last])))]
            case "add" if isinstance(parent, dict):
                parent[data.draw(st.text(max_size=4))] = junk(data)
    return value


def check_events(rig: Rig, loop: asyncio.Runner, data: st.DataObject) -> None:
    """Some events of a batch are broken: the valid ones arrive, and a refused event always keeps the same id."""
    some = st.integers(0, 3)
    events = [broken(data, data.draw(st.sampled_from(timeline(rig)))) for _ in range(data.draw(some))]
    devices = [broken(data, data.draw(st.sampled_from(to_device(rig)))) for _ in range(data.draw(some))]
    answer = sync_answer(rig, events, devices)
    first, again = loop.run(rig.takes(answer)), loop.run(rig.takes(answer))
    for inbox in (first, again):
        assert {happening.id for happening in inbox.happenings} >= WHOLE
        assert len(inbox.refused) <= len(events) + len(devices)
    assert {refusal.id for refusal in again.refused} <= {refusal.id for refusal in first.refused}


def check_answers(rig: Rig, loop: asyncio.Runner, data: st.DataObject) -> None:
    """The sync answer itself is broken, and so are the server's answers to further requests."""
    answer = sync_answer(rig, timeline(rig)[:2], to_device(rig)[2:])
    keys = {"device_keys": {ANNA: {"PHONE": {"keys": {}}}}, "master_keys": {ANNA: {}}, "one_time_keys": {ANNA: {}},
            "one_time_key_counts": {"signed_curve25519": 50}, "chunk": [], "end": "x", "sender": ME}  # fmt: skip
    rig.server.answer = broken(data, keys)
    if not isinstance(rig.server.answer, dict):
        rig.server.answer = {}
    answer = broken(data, answer)
    if not isinstance(answer, dict) or not isinstance(answer.get("next_batch"), str):
        return  # see ``test_sync_answer_without_a_position_is_treated_as_unreachable``
    try:
        loop.run(rig.takes(answer))
    except MatrixError:
        pass  # the loop backs off and asks again
    finally:
        rig.server.answer = {}


few = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck))
many = settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(st.data())
def test_broken_events_do_not_stop_the_valid_ones(rig: Rig, loop: asyncio.Runner, data: st.DataObject) -> None:
    check_events(rig, loop, data)


@few
@given(st.data())
def test_broken_sync_answers_do_not_end_the_loop(rig: Rig, loop: asyncio.Runner, data: st.DataObject) -> None:
    check_answers(rig, loop, data)


@pytest.mark.campaign
@pytest.mark.fuzz
@many
@given(st.data())
def test_broken_events_do_not_stop_the_valid_ones_in_5000_batches(
    rig: Rig, loop: asyncio.Runner, data: st.DataObject
) -> None:
    check_events(rig, loop, data)


@pytest.mark.campaign
@pytest.mark.fuzz
@many
@given(st.data())
def test_broken_sync_answers_do_not_end_the_loop_in_5000_cases(
    rig: Rig, loop: asyncio.Runner, data: st.DataObject
) -> None:
    check_answers(rig, loop, data)
