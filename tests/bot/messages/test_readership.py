"""Who may read what: the rule for a place, and the audience of every text."""

from __future__ import annotations

import ast
from itertools import product
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from hypothesis import given
from hypothesis import strategies as st

import bot
from bot.messages import MessageAudience
from bot.messages.readership import (
    FOR_A_MEETING,
    FOR_OPERATORS,
    IN_ROOMS,
    OF_A_PERSON,
    OF_THE_PLACE,
    UNKNOWN,
    Readership,
    audience_of,
    fits,
)

FOLDER = Path(bot.__file__).parent
PARTS = (  # texts that stand in others, on pages or on buttons, never alone in a message
    "ask.elsewhere", "ask.entry", "ask.fact", "ask.group", "ask.id", "ask.known_", "ask.link", "ask.list",
    "ask.machine", "ask.names_", "ask.next", "ask.no_state", "ask.noted", "ask.place", "ask.role", "ask.state",
    "ask.translated",
    "ask.understood", "ask.who", "basis.", "button.", "channel.", "choice.", "events.over", "field.", "help.",
    "language.auto", "language.de", "language.en", "language.pl", "mail.", "origin.", "page.", "period.", "press.",
    "privacy.", "register.", "report.about", "room.language.", "room.mention.", "room.threads.", "show.", "subject.",
    "understood.", "way_out.",
)  # fmt: skip
PEOPLE = ("anna", "ben", "carl")
users = st.frozensets(st.sampled_from(PEOPLE))
places = st.builds(Readership, users, st.booleans())


def keys() -> list[str]:
    with (FOLDER / "texts" / "de.po").open("rb") as source:
        seen = [entry.id for entry in read_po(source) if entry.id]
    return sorted(key if isinstance(key, str) else key[0] for key in seen)


@pytest.mark.parametrize("key", keys())
def test_every_text_has_a_declared_audience(key: str) -> None:
    declared = (*FOR_A_MEETING, *FOR_OPERATORS, *OF_A_PERSON, *OF_THE_PLACE, *PARTS)
    assert key in IN_ROOMS or key.startswith(declared), "bot/messages/readership.py must say who it is for"


def test_every_declared_text_exists() -> None:
    known = keys()
    assert set(known) >= IN_ROOMS
    for beginning in (*FOR_A_MEETING, *FOR_OPERATORS, *OF_A_PERSON, *OF_THE_PLACE):
        assert any(key.startswith(beginning) for key in known), beginning


@pytest.mark.parametrize("private", [True, False])
def test_text_without_a_declared_audience_is_private(private: bool) -> None:
    assert audience_of("brand.new", private=private) is MessageAudience.PRIVATE


@pytest.mark.parametrize("key", ["intro.preview", "intro.sent", "mydata", "verify.sent", "profile.saved", "pause.done"])
def test_text_about_a_person_is_private_even_in_a_group(key: str) -> None:
    assert audience_of(key, private=False) is MessageAudience.PRIVATE


def test_digest_text_is_for_all_members_in_a_group_and_private_otherwise() -> None:
    assert audience_of("subscribe.done", private=False) is MessageAudience.ROOM
    assert audience_of("subscribe.done", private=True) is MessageAudience.PRIVATE


def test_only_render_makes_outgoing_messages_and_sets_their_audience() -> None:
    made = set()
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Outgoing":
                made.add((path.name, "audience" in {keyword.arg for keyword in node.keywords}))
    assert made == {("render.py", True)}


@given(st.sampled_from(MessageAudience), st.lists(st.sampled_from(PEOPLE), max_size=3), places, users)
def test_message_fits_only_a_place_that_no_other_user_reads(
    audience: MessageAudience, readers: list[str], place: Readership, admins: frozenset[str]
) -> None:
    if audience is MessageAudience.ROOM or not fits(audience, readers, place, admins):
        return
    assert place.closed
    assert place.users, "somebody must read it"
    assert place.users <= (admins if audience is MessageAudience.OPERATORS else set(readers))
    assert len(place.users) <= (2 if audience is MessageAudience.MEETING else 1) or audience == "operators"


@pytest.mark.parametrize(("audience", "closed"), list(product(MessageAudience, [True, False])))
def test_message_fits_a_closed_place_with_exactly_its_readers(audience: MessageAudience, closed: bool) -> None:
    readers = ["anna", "ben"] if audience is MessageAudience.MEETING else ["anna"]
    may = closed or audience is MessageAudience.ROOM
    assert fits(audience, readers, Readership(frozenset(readers), closed), {"anna"}) is may


@pytest.mark.parametrize("audience", MessageAudience)
def test_unknown_place_gets_only_messages_for_all_members(audience: MessageAudience) -> None:
    assert fits(audience, ["anna"], UNKNOWN, {"anna"}) is (audience is MessageAudience.ROOM)
