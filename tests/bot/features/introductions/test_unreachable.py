"""Contacts that nobody can reach, counted by the reason, with the remedy."""

from __future__ import annotations

from typing import Any

import pytest

from bot.features.introductions.unreachable import Why, lines, why_unreachable
from config.settings import Settings
from knowledge_base.introductions.values import KnownPerson
from knowledge_base.model import Contact
from tests.fakes import ACCOUNTS
from tests.introducing import SETTINGS

MAIL, CHAT = ("email", "amt@stadt.example"), ("matrix", "@amt:stadt.example")
ALL, NO_PAGES = Settings(**SETTINGS), Settings(**SETTINGS | {"web": {}})
ONLY_MATRIX, NOTHING = Settings(matrix=ACCOUNTS["matrix"]), Settings()
THERE, LOST = KnownPerson(frozenset({"matrix"})), KnownPerson(frozenset())


def contact(**fields: Any) -> Contact:
    return Contact(**{"id": "c", "role": "Amt", "legal_basis": "public_function"} | fields)


BY_MAIL, BY_CHAT = contact(email=MAIL[1]), contact(matrix_id=CHAT[1])


@pytest.mark.parametrize(
    ("record", "known", "settings", "why"),
    [
        (BY_MAIL, {}, ALL, None),
        (BY_CHAT, {CHAT: THERE}, ALL, None),
        (contact(email=MAIL[1], matrix_id=CHAT[1]), {CHAT: THERE}, ONLY_MATRIX, None),
        (BY_MAIL, {}, ONLY_MATRIX, Why.NO_MAIL),
        (BY_MAIL, {}, NO_PAGES, Why.NO_PAGES),
        (BY_CHAT, {}, ALL, Why.NEVER_WROTE),
        (BY_CHAT, {CHAT: THERE}, NOTHING, Why.NO_NETWORK),
        (BY_CHAT, {CHAT: LOST}, ALL, Why.LOST),
        (BY_MAIL, {MAIL: LOST}, ALL, Why.LOST),
        (BY_MAIL, {MAIL: KnownPerson(frozenset({"email"}), away=True)}, ALL, Why.UNWANTED),
        (contact(phone="0355 1"), {}, ALL, Why.NO_ADDRESS),
        (contact(email=MAIL[1], legal_basis=""), {}, ALL, Why.NO_BASIS),
    ],
)
def test_reason_names_what_is_missing(record: Contact, known: Any, settings: Settings, why: Why | None) -> None:
    assert why_unreachable(record, known, frozenset(), settings) is why


def test_hidden_contact_needs_its_notice_first() -> None:
    assert why_unreachable(BY_MAIL, {}, frozenset({"c"}), ALL) is Why.HIDDEN


def test_lines_count_the_contacts_and_are_empty_where_all_can_be_asked() -> None:
    assert list(lines(3, {})) == []
    total, first, second = lines(5, {Why.NEVER_WROTE: 1, Why.NO_MAIL: 2})
    assert total.startswith("3 of 5 ")
    assert first == f"2 {Why.NO_MAIL}"
    assert second == f"1 {Why.NEVER_WROTE}"
