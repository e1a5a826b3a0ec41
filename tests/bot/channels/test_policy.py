"""Which kind of data may pass through which network."""

from __future__ import annotations

import pytest

from bot.channels.networks import NETWORKS
from bot.channels.policy import PERSONAL, DataClass, may_pass
from config.settings import Settings

DEFAULT = Settings()
LIFTED = Settings(telegram={"personal_data": True})  # type: ignore[arg-type]
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
