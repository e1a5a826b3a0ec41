"""Which kind of data may pass through which network."""

from __future__ import annotations

import pkgutil

import pytest

import bot.channels
from bot.channels.policy import CARRIERS, PERSONAL, DataClass, may_pass
from config.settings import Settings

DEFAULT = Settings()
LIFTED = Settings(telegram={"personal_data": True})  # type: ignore[arg-type]


def allowed(channel: str, settings: Settings = DEFAULT) -> set[DataClass]:
    return {data for data in DataClass if may_pass(channel, data, settings)}


def test_telegram_carries_nothing_of_other_people_unless_a_controller_lifts_that() -> None:
    assert allowed("telegram") == {DataClass.PUBLIC, DataClass.OWN}
    assert allowed("telegram", LIFTED) == set(DataClass)


@pytest.mark.parametrize("channel", sorted(CARRIERS))
def test_the_other_networks_carry_everything(channel: str) -> None:
    assert allowed(channel) == set(DataClass)


@pytest.mark.parametrize("settings", [DEFAULT, LIFTED])
def test_a_network_that_nobody_decided_about_carries_nothing_of_other_people(settings: Settings) -> None:
    assert allowed("pigeon", settings) == set(DataClass) - PERSONAL


def test_every_network_that_we_have_is_decided_about() -> None:
    ours = {module.name for module in pkgutil.iter_modules(bot.channels.__path__)} - {"networks", "policy", "port"}
    assert ours <= CARRIERS | {"telegram"}
