"""Greetings, thanks, and questions about the bot."""

from __future__ import annotations

import pytest

from bot.commands.command import Intent
from bot.commands.general import Greet, Help, Thanks
from bot.commands.router import route
from bot.commands.search import Ask
from bot.commands.small_talk import ABOUT_ME, GREETINGS, THANKS, polite_intent

POLITE = [
    ("Hallo", Greet(), "de"),
    ("Hallo Stadtlotse!", Greet(), "de"),
    ("Guten Morgen zusammen 👋", Greet(), "de"),
    ("Grüß Gott", Greet(), "de"),
    ("hi", Greet(), None),
    ("Hello there!", Greet(), "en"),
    ("Dzień dobry.", Greet(), "pl"),
    ("Cześć :)", Greet(), "pl"),
    ("Danke!", Thanks(), "de"),
    ("Super, danke 👍", Thanks(), "de"),
    ("Thank you", Thanks(), "en"),
    ("Dziękuję bardzo", Thanks(), "pl"),
    ("Wer bist du?", Help(), "de"),
    ("Wie funktioniert das hier?", Help(), "de"),
    ("What can you do?", Help(), "en"),
    ("Co potrafisz?", Help(), "pl"),
    ("Was kannst du über Radwege sagen?", None, None),
    ("Hallo, wer hat Radwege gebaut?", None, None),
    ("hallo potsdam", None, None),
    ("Danke für Radwege", None, None),
    ("danke 2", None, None),
]  # fmt: skip


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize(("text", "intent", "language"), POLITE)
def test_small_talk_is_a_question_only_if_more_text_follows(
    text: str, intent: Intent | None, language: str | None, private: bool
) -> None:
    routed = route(text, private=private)
    assert (routed.intent, routed.language) == (intent or Ask(text), language)


@pytest.mark.parametrize(
    "phrase", [phrase for forms in (GREETINGS, THANKS, ABOUT_ME) for part in forms.values() for phrase in part]
)
def test_every_small_talk_phrase_is_stored_in_its_folded_form(phrase: str) -> None:
    routed = route(phrase, private=True)
    assert polite_intent(phrase) == (routed.intent, routed.language)
