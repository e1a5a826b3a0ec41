"""What an outbox row holds, and that rows of earlier versions still load."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Choice, MessageAudience, Own, Say, Url
from bot.messages.envelope import AskedAt, Envelope, MeetingRoom, answers_in
from tests.bot.commands.examples import intents

TEXTS = st.text(max_size=20)
SAYS = st.builds(
    Say,
    TEXTS,
    st.dictionaries(TEXTS, TEXTS | st.integers() | st.builds(Url, TEXTS) | st.builds(Own, TEXTS), max_size=3),
    st.lists(st.builds(Choice, st.builds(Say, TEXTS), intents, st.booleans()), max_size=2).map(tuple),
)
MANY = st.lists(TEXTS, max_size=3).map(tuple)
ENVELOPES = st.builds(
    Envelope,
    SAYS,
    TEXTS,
    st.none() | st.sampled_from(MessageAudience),
    MANY,
    thread=TEXTS,
    answers=TEXTS,
    replaces=TEXTS,
    footer=st.none() | SAYS,
    handles=MANY,
    page=TEXTS,
    code=st.booleans(),
    unsubscribe=TEXTS,
    connect=TEXTS,
    farewell=st.booleans(),
    room=st.none() | st.builds(MeetingRoom, TEXTS, st.tuples(TEXTS, TEXTS), TEXTS),
    tried=MANY,
    asked_at=st.none() | st.builds(AskedAt, TEXTS, TEXTS),
    unknown=st.dictionaries(st.text(min_size=1, max_size=5).map("new_{}".format), st.integers(), max_size=2),
)

THANKS = Say("thanks")
STORED = {"key": "thanks", "values": {}, "language": "", "choices": []}


@given(ENVELOPES)
def test_envelope_is_stored_and_read_back_unchanged(envelope: Envelope) -> None:
    assert Envelope.from_json(json.loads(json.dumps(envelope.to_json()))) == envelope


# Literal rows as the version before this one stored them.
@pytest.mark.parametrize(
    ("stored", "envelope"),
    [
        ({"say": STORED, "language": "de"}, Envelope(THANKS, "de")),
        (
            {
                "say": STORED, "language": "pl", "thread": "", "answers": "$q", "replaces": "",
                "audience": "private", "readers": ["@anna:stadt.example"], "footer": STORED, "handles": ["h1", "h2"],
            },
            Envelope(
                THANKS, "pl", MessageAudience.PRIVATE, ("@anna:stadt.example",),
                answers="$q", footer=THANKS, handles=("h1", "h2"),
            ),
        ),
        (
            {
                "say": STORED, "language": "de", "thread": "$t", "answers": "$q", "replaces": "a1",
                "audience": "room", "readers": ["@anna:stadt.example"], "farewell": True,
            },
            Envelope(
                THANKS, "de", MessageAudience.ROOM, ("@anna:stadt.example",),
                thread="$t", answers="$q", replaces="a1", farewell=True,
            ),
        ),
        (
            {
                "say": STORED, "language": "de", "audience": "meeting", "readers": ["@a:x.example", "@b:x.example"],
                "room": {"alias": "stadtlotse-1", "users": ["@a:x.example", "@b:x.example"], "name": "Beete"},
            },
            Envelope(
                THANKS, "de", MessageAudience.MEETING, ("@a:x.example", "@b:x.example"),
                room=MeetingRoom("stadtlotse-1", ("@a:x.example", "@b:x.example"), "Beete"),
            ),
        ),
        (
            {"say": STORED, "language": "en", "page": "i", "footer": STORED, "connect": "LotseBot",
             "unsubscribe": "introductions"},
            Envelope(THANKS, "en", page="i", footer=THANKS, connect="LotseBot", unsubscribe="introductions"),
        ),
        (
            {"say": STORED, "language": "de", "code": True, "audience": "private", "readers": ["a@stadt.example"]},
            Envelope(THANKS, "de", MessageAudience.PRIVATE, ("a@stadt.example",), code=True),
        ),
        (
            {"say": STORED, "language": "de", "audience": "operators", "readers": ["1"], "tried": ["!a", "!b"],
             "asked_at": {"conversation": "!a", "thread": "$t"}},
            Envelope(
                THANKS, "de", MessageAudience.OPERATORS, ("1",), tried=("!a", "!b"), asked_at=AskedAt("!a", "$t")
            ),
        ),
        (
            {"say": {"key": "thanks", "values": {}, "choices": []}, "language": "de"},
            Envelope(THANKS, "de"),
        ),
    ],
)  # fmt: skip
def test_outbox_rows_of_the_version_before_still_load(stored: dict[str, Any], envelope: Envelope) -> None:
    assert Envelope.from_json(stored) == envelope


def test_unknown_fields_of_a_newer_version_are_kept() -> None:
    stored = {"say": STORED, "language": "de", "attachment": {"name": "plan"}}
    assert Envelope.from_json(stored).to_json() == stored


@pytest.mark.parametrize(
    "stored",
    [
        {},
        {"language": "de"},
        {"say": STORED},
        {"say": STORED, "language": "de", "audience": "council"},
        {"say": STORED, "language": "de", "room": {"alias": "a", "users": ["one"], "name": "n"}},
    ],
)
def test_incomplete_row_or_one_with_an_unknown_audience_is_refused(stored: dict[str, Any]) -> None:
    with pytest.raises((KeyError, ValueError)):
        Envelope.from_json(stored)


def test_id_of_the_answered_message_is_read_from_an_unreadable_row() -> None:
    assert answers_in({"answers": "$q", "say": None}) == "$q"
    assert answers_in({}) == ""
