"""Messages are stored and read back unchanged."""

from __future__ import annotations

import json
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Address, Choice, Happening, Inbound, Own, Say, Url
from tests.bot.commands.examples import intents

text = st.text(st.characters(codec="utf-8"), max_size=20)
values = st.one_of(text, st.integers(), text.map(Url), text.map(Own))


def says_of(inner: st.SearchStrategy[Say]) -> st.SearchStrategy[Say]:
    lists = st.lists(inner, max_size=2).map(tuple)
    choices = st.builds(Choice, inner, intents, st.booleans())
    return st.builds(
        Say,
        text,
        st.dictionaries(text, st.one_of(values, inner, lists), max_size=3),
        st.lists(choices, max_size=2).map(tuple),
        st.sampled_from(["", "de", "pl"]),
    )


says = st.recursive(st.builds(Say, text, st.dictionaries(text, values, max_size=3)), says_of, max_leaves=4)
inbounds = st.builds(
    Inbound,
    id=text,
    address=st.builds(Address, text, text, text),
    user=text,
    text=text,
    private=st.booleans(),
    at=st.datetimes(timezones=st.just(UTC)),
    happening=st.sampled_from(Happening),
    refers_to=text,
    addressed=st.booleans(),
)


@given(says)
def test_say_is_stored_and_read_back_unchanged(said: Say) -> None:
    assert Say.from_json(json.loads(json.dumps(said.to_json()))) == said


@given(inbounds)
def test_inbound_message_is_stored_and_read_back_unchanged(inbound: Inbound) -> None:
    assert Inbound.from_json(json.loads(json.dumps(inbound.to_json()))) == inbound


def test_a_message_stored_by_an_earlier_version_is_read() -> None:
    said = Say("a", {"b": 1})
    assert Say.from_json({key: value for key, value in said.to_json().items() if key != "language"}) == said
