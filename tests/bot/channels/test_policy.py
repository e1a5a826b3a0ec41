"""Which kind of data may pass through which network."""

from __future__ import annotations

from typing import Any

import pytest

from bot.channels.networks import NETWORKS
from bot.channels.policy import PERSONAL, DataClass, can_take_request, is_usable, may_pass
from config.settings import Settings
from tests.fakes import ACCOUNTS

DEFAULT = Settings()
LIFTED = Settings(telegram={"personal_data": True})  # type: ignore[arg-type]
PAGES = {"web": {"public_url": "https://lotse.example"}}
MAIL = {"smtp": {"host": "127.0.0.1", "tls": "none", "sender": "lotse@stadt.example"}}
CARRIERS = sorted(row.name for row in NETWORKS.values() if row.carries_personal_data)


def allowed(channel: str, settings: Settings = DEFAULT) -> set[DataClass]:
    return {data for data in DataClass if may_pass(channel, data, settings)}


def test_telegram_carries_no_data_of_other_users_unless_the_controller_allows_it() -> None:
    assert allowed("telegram") == {DataClass.PUBLIC, DataClass.OWN}
    assert allowed("telegram", LIFTED) == set(DataClass)


@pytest.mark.parametrize("channel", CARRIERS)
def test_networks_that_carry_personal_data_carry_every_kind_of_data(channel: str) -> None:
    assert allowed(channel) == set(DataClass)


@pytest.mark.parametrize("settings", [DEFAULT, LIFTED])
def test_network_without_a_row_carries_no_data_of_other_users(settings: Settings) -> None:
    assert allowed("pigeon", settings) == set(DataClass) - PERSONAL


def test_all_networks_but_telegram_carry_personal_data() -> None:
    assert NETWORKS.keys() - CARRIERS == {"telegram"}


@pytest.mark.parametrize(
    ("channels", "settings", "taken"),
    [
        ((), ACCOUNTS | MAIL | PAGES, False),
        (("matrix",), ACCOUNTS, True),
        (("matrix",), {}, False),  # not set up
        (("matrix",), MAIL | PAGES, False),
        (("email",), MAIL | PAGES, True),
        (("email",), MAIL, False),  # a mail cannot be answered without a page
        (("email",), PAGES, False),
        (("telegram",), ACCOUNTS, False),  # may not carry what a request says, and has no page to link to
        (("telegram",), ACCOUNTS | PAGES, True),
        (("telegram", "email"), ACCOUNTS | MAIL, True),  # read in the mail, answered in the chat
        (("email", "matrix"), MAIL, False),
        (("terminal",), {}, True),
    ],
)
def test_request_is_taken_where_it_arrives_and_can_be_answered(
    channels: tuple[str, ...], settings: dict[str, Any], taken: bool
) -> None:
    assert can_take_request(channels, Settings(**settings)) is taken


def test_network_is_usable_if_it_needs_no_account_or_has_one() -> None:
    assert [is_usable(name, DEFAULT) for name in ("matrix", "telegram", "email", "terminal")] == [False] * 3 + [True]
    assert all(is_usable(name, Settings(**ACCOUNTS | MAIL)) for name in NETWORKS)
