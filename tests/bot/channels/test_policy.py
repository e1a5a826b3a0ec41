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


def test_telegram_carries_nothing_of_other_people_unless_a_controller_lifts_that() -> None:
    assert allowed("telegram") == {DataClass.PUBLIC, DataClass.OWN}
    assert allowed("telegram", LIFTED) == set(DataClass)


@pytest.mark.parametrize("channel", CARRIERS)
def test_the_other_networks_carry_everything(channel: str) -> None:
    assert allowed(channel) == set(DataClass)


@pytest.mark.parametrize("settings", [DEFAULT, LIFTED])
def test_a_network_without_a_row_carries_nothing_of_other_people(settings: Settings) -> None:
    assert allowed("pigeon", settings) == set(DataClass) - PERSONAL


def test_all_networks_but_telegram_carry_personal_data() -> None:
    assert NETWORKS.keys() - CARRIERS == {"telegram"}
