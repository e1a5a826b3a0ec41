"""One-time links: unguessable, not stored, and different for each message."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bot.outgoing.links import TOKEN_BYTES, UNSUBSCRIBE, Links
from knowledge_base.ingest.personal_data import masked

SECRET = bytes(range(32))
LINKS = Links("https://stadtlotse.example/bot/", SECRET)
message_ids = st.uuids().map(lambda one: one.hex)


def test_link_of_a_message_is_the_same_each_time() -> None:
    url = LINKS.url("i", "m1")
    assert url == LINKS.url("i", "m1")
    assert re.fullmatch(r"https://stadtlotse\.example/bot/i/[\w-]{22}", url)


def test_links_are_unavailable_without_a_public_address() -> None:
    assert LINKS.available
    assert not Links("", SECRET).available


@given(message_ids)
def test_token_of_a_link_has_128_bits_in_22_characters(message_id: str) -> None:
    token = LINKS.token(message_id)
    assert TOKEN_BYTES * 8 == 128
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", token)


@given(message_ids, message_ids)
def test_token_differs_by_message_purpose_and_installation(one: str, other: str) -> None:
    assert (LINKS.token(one) == LINKS.token(other)) == (one == other)
    assert LINKS.token(one) != LINKS.token(one, UNSUBSCRIBE)
    assert LINKS.token(one) != Links("https://stadtlotse.example", bytes(32)).token(one)


@given(message_ids)
def test_stored_hash_of_a_token_cannot_be_used_as_a_token(message_id: str) -> None:
    token = LINKS.token(message_id)
    at_rest = Links.at_rest(token)
    assert re.fullmatch(r"[0-9a-f]{64}", at_rest)
    assert token not in at_rest
    assert Links.at_rest(at_rest) != at_rest


@given(st.text())
def test_every_text_in_place_of_a_token_has_a_hash(token: str) -> None:
    assert len(Links.at_rest(token)) == 64


@given(message_ids)
def test_masking_of_contact_data_never_changes_a_link(message_id: str) -> None:
    """A token of many digits may look like a phone number."""
    assert masked(LINKS.url("i", message_id)) == LINKS.url("i", message_id)


@given(message_ids)
def test_word_has_eight_characters_and_depends_on_the_installation(message_id: str) -> None:
    word = LINKS.word(message_id)
    assert re.fullmatch(r"[A-HJ-NP-Z2-9]{8}", word)
    assert word == LINKS.word(message_id)
    assert word != Links("https://lotse.example", b"x" * 32).word(message_id)
