"""Every network has a row and texts in every language, and its channel matches the row."""

from __future__ import annotations

import pkgutil
from datetime import timedelta
from pathlib import Path

import pytest

import bot.channels
from bot.channels.networks import (
    MAIL,
    NETWORKS,
    ChannelSetup,
    Network,
    forgetting,
    named_by,
    network,
    set_up,
    started_by_users,
    words_of_shared,
)
from bot.channels.port import Immediate, OpensRooms
from bot.channels.terminal import TerminalChannel
from bot.messages import Say
from bot.texts import LANGUAGES, Texts
from config.settings import Settings

ALL = {
    "matrix": {"homeserver": "https://matrix.stadt.example", "user_id": "@lotse:stadt.example", "password": "x" * 20},
    "smtp": {"host": "mail.stadt.example", "sender": "lotse@stadt.example"},
    "telegram": {"token": "123456:" + "A" * 35},
}
TEXTS = Texts()


def keys_of(row: Network) -> list[str]:
    """The texts that a row needs beside its label."""
    shared = row.user_ids_reach or row.profile_link
    return [
        *([f"intro.shares.{row.name}", f"intro.kind.{row.name}", f"page.data.{row.name}"] if shared else []),
        *([f"notice.outside.{row.name}", f"page.privacy.outside.{row.name}"] if row.outside_eu else []),
    ]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("row", NETWORKS.values(), ids=list(NETWORKS))
def test_every_network_has_its_texts_in_every_language(row: Network, language: str) -> None:
    assert isinstance(row.label, Say)
    assert TEXTS.line(row.label, language)
    assert all(TEXTS.template(key, language) for key in keys_of(row))


def test_channel_without_a_row_is_called_by_its_own_name() -> None:
    assert network("carrier-pigeon") == "carrier-pigeon"


def test_every_adapter_has_a_row() -> None:
    modules = {module.name for module in pkgutil.iter_modules(bot.channels.__path__)} - {"networks", "policy", "port"}
    assert modules == NETWORKS.keys()


def test_built_channel_has_the_properties_of_its_row(tmp_path: Path) -> None:
    settings = Settings.model_validate({"state_dir": tmp_path} | ALL)
    rows = list(set_up(settings))
    channels = [(row, row.build(ChannelSetup(settings, TEXTS, {}, frozenset()))) for row in rows]
    assert [row.name for row in rows] == ["matrix", "telegram", MAIL]
    for row, channel in [*channels, (NETWORKS["terminal"], TerminalChannel())]:
        assert channel.name == row.name
        assert isinstance(channel, Immediate) is row.buttons
        assert isinstance(channel, OpensRooms) is row.opens_rooms


def test_no_network_is_set_up_without_settings() -> None:
    assert list(set_up(Settings())) == []


def test_words_of_a_user_name_a_network() -> None:
    assert [named_by(word) for word in ("Mail", "E-Mail", "Telegram", "fax")] == [MAIL, MAIL, "telegram", "fax"]


def test_words_of_a_network_name_the_contact_data_that_a_user_can_show() -> None:
    assert {"mail": MAIL, "matrix": "matrix", "telegram": "telegram"}.items() <= words_of_shared().items()
    assert "terminal" not in words_of_shared()


def test_telegram_drops_updates_after_a_day_and_only_users_start_a_chat() -> None:
    assert forgetting() == {"telegram": timedelta(days=1)}
    assert started_by_users().name == "telegram"
