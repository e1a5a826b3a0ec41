"""Who can read a room, from its state events in any order: members, rules, history, upgrades."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.matrix.rooms import Room
from bot.messages import MessageAudience
from bot.messages.readership import fits

BOT, ANNA, BEN = "@bot:a.example", "@anna:a.example", "@ben:a.example"
RULES = ("invite", "public", "knock", "restricted", "knock_restricted", "private", 7, None)
HISTORIES = ("invited", "joined", "shared", "world_readable", 7, None)
Event = dict[str, Any]


def state(kind: str, content: Any, key: str = "") -> Event:
    return {"type": f"m.room.{kind}", "state_key": key, "content": content, "sender": ANNA}


def member(user: str, membership: Any) -> Event:
    return state("member", {"membership": membership}, user)


def room_of(*events: Event) -> Room:
    room = Room("!r:a.example", BOT)
    for event in events:
        room.apply(event)
    return room


def chat(*more: Event) -> Room:
    """A private chat with Anna, and what happened in it since."""
    history = state("history_visibility", {"history_visibility": "joined"})
    return room_of(
        member(BOT, "join"), member(ANNA, "join"), state("join_rules", {"join_rule": "invite"}), history, *more
    )


def is_annas(room: Room) -> bool:
    return fits(MessageAudience.PRIVATE, [ANNA], room.readership)


events = st.one_of(
    st.builds(
        member,
        st.sampled_from([BOT, ANNA, BEN, "@carl:b.example"]),
        st.sampled_from(["join", "invite", "leave", "ban", "knock", 3]),
    ),
    st.builds(state, st.just("join_rules"), st.builds(dict, join_rule=st.sampled_from(RULES))),
    st.builds(state, st.just("history_visibility"), st.builds(dict, history_visibility=st.sampled_from(HISTORIES))),
    st.builds(state, st.just("tombstone"), st.builds(dict, replacement_room=st.sampled_from(["!new:a.example", ""]))),
    st.builds(
        state,
        st.sampled_from(["join_rules", "history_visibility", "tombstone", "power_levels"]),
        st.sampled_from([[], 1]),
    ),
)


def expected(happened: list[Event]) -> bool:
    """The rule in other words: the last event of each kind decides."""
    last: dict[tuple[str, str], Any] = {}
    for event in happened:
        if isinstance(event["content"], dict):
            last[event["type"], event["state_key"]] = event["content"]
    there = {
        key
        for (kind, key), content in last.items()
        if kind == "m.room.member" and content["membership"] in ("join", "invite")
    }
    rule = last.get(("m.room.join_rules", ""), {"join_rule": "invite"})["join_rule"]
    history = last.get(("m.room.history_visibility", ""), {}).get("history_visibility")
    replaced = last.get(("m.room.tombstone", ""), {}).get("replacement_room")
    joined = last.get(("m.room.member", BOT), {}).get("membership") == "join"
    return there == {BOT, ANNA} and joined and rule == "invite" and history in ("invited", "joined") and not replaced


@given(st.lists(events, max_size=14))
def test_last_event_of_each_kind_decides_whether_a_room_is_private(happened: list[Event]) -> None:
    assert is_annas(room_of(*happened)) is expected(happened)


@pytest.mark.campaign
@settings(max_examples=50_000, deadline=None)
@given(st.lists(events, max_size=30))
def test_last_event_of_each_kind_decides_whether_a_room_is_private_50000_times(happened: list[Event]) -> None:
    assert is_annas(chat(*happened)) is expected([*_chat_events(), *happened])


def _chat_events() -> list[Event]:
    return [
        member(BOT, "join"), member(ANNA, "join"), state("join_rules", {"join_rule": "invite"}),
        state("history_visibility", {"history_visibility": "joined"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "since",
    [
        member(BEN, "join"),
        member(BEN, "invite"),
        member(ANNA, "leave"),
        member(BOT, "leave"),
        state("join_rules", {"join_rule": "public"}),
        state("join_rules", {"join_rule": "knock"}),
        state("join_rules", {"join_rule": "restricted"}),
        state("history_visibility", {"history_visibility": "shared"}),
        state("history_visibility", {"history_visibility": "world_readable"}),
        state("tombstone", {"replacement_room": "!new:a.example"}),
    ],
)
def test_chat_is_not_private_after_one_change_that_lets_others_read(since: Event) -> None:
    assert is_annas(chat())
    assert not is_annas(chat(since))


def test_member_who_left_or_was_banned_cannot_read_the_room() -> None:
    for end in ("leave", "ban"):
        assert is_annas(chat(member(BEN, "join"), member(BEN, end)))


def test_chat_is_not_private_if_another_user_replaced_its_owner() -> None:
    assert not is_annas(chat(member(BEN, "join"), member(ANNA, "leave")))


def levels(bot: Any = 100, **more: Any) -> Event:
    return state("power_levels", {"users": {BOT: bot}, **more})


@pytest.mark.parametrize(
    ("power", "may"),
    [
        (levels(100), True),
        (levels(50), True),
        (levels(49), False),
        (levels(100, events={"m.room.history_visibility": 101}), False),
        (levels("100"), False),
        (state("power_levels", {}), False),
        (state("power_levels", {"users_default": 50}), True),
        (state("power_levels", {"users": [], "state_default": "x"}), False),
    ],
)
def test_bot_can_close_the_history_only_with_enough_power(power: Event, may: bool) -> None:
    room = chat(state("history_visibility", {"history_visibility": "shared"}), power)
    assert not room.readership.closed
    assert room.closable.closed is may


def test_room_that_others_can_join_stays_open_even_with_a_closed_history() -> None:
    public = state("join_rules", {"join_rule": "public"})
    assert not chat(state("history_visibility", {"history_visibility": "shared"}), levels(), public).closable.closed
