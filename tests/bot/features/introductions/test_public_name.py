"""How shared contact data are shown, and the words with which a user selects them."""

from __future__ import annotations

import pytest

from bot.channels.networks import words_of_shared
from bot.commands.introductions import kinds_of
from bot.features.introductions.notify import shown
from bot.features.introductions.public_name import shared
from bot.messages.markup import Link, Paragraph, Text, plain
from bot.texts import Texts


@pytest.mark.parametrize("language", ["de", "en", "pl"])
def test_shared_telegram_name_is_shown_with_its_link(language: str) -> None:
    document = Texts().render(shared("telegram", "@Anna_1989"), language)
    assert plain(document) == "Telegram: @Anna_1989 (https://t.me/Anna_1989)"
    (paragraph,) = document
    assert isinstance(paragraph, Paragraph)
    assert [node.url for node in paragraph.inner if isinstance(node, Link)] == ["https://t.me/Anna_1989"]
    assert "@Anna_1989" in [node.text for node in paragraph.inner if isinstance(node, Text)]


def test_shared_mail_address_and_phone_number_have_no_link() -> None:
    lines = [plain(Texts().render(say, "en")) for say in shown((("email", "a@b.example"), ("phone", "+49 1")))]
    assert lines == ["E-mail: a@b.example", "Phone: +49 1"]


def test_user_selects_contact_data_by_the_name_of_the_network() -> None:
    assert kinds_of("Telegram, mail", words_of_shared()) == ("telegram", "email")
