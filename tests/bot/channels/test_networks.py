"""Networks have a name in every language."""

from __future__ import annotations

import pytest

from bot.channels.networks import NAMED, network
from bot.messages import Say
from bot.texts import LANGUAGES, Texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_has_a_name(language: str) -> None:
    for channel in NAMED:
        said = network(channel)
        assert isinstance(said, Say)
        assert Texts().line(said, language)


def test_another_is_called_as_it_is() -> None:
    assert network("carrier-pigeon") == "carrier-pigeon"
