"""A datum as it is shown, and the words that choose it."""

from __future__ import annotations

import pytest

from bot.channels.networks import words_of_shared
from bot.commands.introductions import kinds_of
from bot.features.introductions.notify import shown
from bot.features.introductions.public_name import shared
from bot.messages.markup import Link, Paragraph, Text, plain
from bot.texts import Texts


@pytest.mark.parametrize("language", ["de", "en", "pl"])
def test_a_telegram_name_is_shown_with_its_address_and_as_nothing_else(language: str) -> None:
    document = Texts().render(shared("telegram", "@Anna_1989"), language)
    assert plain(document) == "Telegram: @Anna_1989 (https://t.me/Anna_1989)"
    (paragraph,) = document
    assert isinstance(paragraph, Paragraph)
    assert [node.url for node in paragraph.inner if isinstance(node, Link)] == ["https://t.me/Anna_1989"]
    assert "@Anna_1989" in [node.text for node in paragraph.inner if isinstance(node, Text)]


def test_other_kinds_have_no_address() -> None:
    lines = [plain(Texts().render(say, "en")) for say in shown((("email", "a@b.example"), ("phone", "+49 1")))]
    assert lines == ["Mail: a@b.example", "Phone: +49 1"]


def test_it_is_chosen_by_its_name() -> None:
    assert kinds_of("Telegram, mail", words_of_shared()) == ("telegram", "email")
