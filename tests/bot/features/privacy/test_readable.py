"""What is stored about a person, in words that the person understands."""

from __future__ import annotations

from typing import Any

import pytest

from bot.features.privacy.readable import readable
from bot.messages.markup import plain
from bot.texts import LANGUAGES, Texts

TEXTS = Texts()
DATA: dict[str, list[dict[str, Any]]] = {
    "person": [{"language": "de", "last_language": "pl", "created_at": "2026-07-01T10:30:00+00:00"}],
    "account": [
        {"channel": "telegram", "user_id": "4711", "active": True},
        {"channel": "email", "user_id": "rad@stadt.example", "active": False},
    ],
    "subscription": [
        {"channel": "matrix", "topics": ["mobility"], "region": ["near:"], "weekday": 0, "hour": 8, "state": "on"}
    ],
    "open_question": [{"number": 7, "question": "Wie?", "audience": "all"}],
    "introductions_asked": [
        {"code": "ABCDE", "project": "bus", "state": "delivered", "asker_shares": [["phone", "1"]]}
    ],
    "consent": [
        {"purpose": "introduction:0123", "what": "given", "at": "2026-12-01T09:00:00+00:00"},
        {"purpose": "digest", "what": "withdrawn", "at": "2026-12-02T09:00:00+00:00"},
    ],
    "contact": [{"id": "c-lead", "role": "Amt", "email": "rad@stadt.example", "legal_basis": "public_function"}],
}


def shown(language: str = "de") -> str:
    return plain(TEXTS.render(readable(DATA, language, titles={"bus": "Rufbus"}), language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_values_of_the_bots_own_vocabulary_are_words(language: str) -> None:
    text = shown(language)
    raw = ("telegram\n", "email\n", "0123", "public_function", "near:", "true", '["', "T09:00", ": digest", ": on\n")
    assert [word for word in raw if word in text] == []
    assert "Rufbus" in text
    assert "Telegram" in text


def test_records_of_a_kind_are_paragraphs_of_their_own() -> None:
    paragraphs = shown().split("\n\n")
    assert sum("4711" in part or "rad@stadt.example" in part for part in paragraphs) == 3
    assert not any("4711" in part and "rad@stadt.example" in part for part in paragraphs)


def test_moments_are_in_the_time_of_the_reader() -> None:
    assert "12:30" in shown(), "in summer, Berlin is two hours ahead"
