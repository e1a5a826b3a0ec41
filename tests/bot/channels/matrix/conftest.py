"""The key stores of the bot and of a user."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.bot.channels.matrix.rig import Rig
from tests.matrix_server.synapse import memory_folder


@pytest.fixture
def rig() -> Iterator[Rig]:
    folder = memory_folder("keys-")
    made = Rig(folder)
    yield made
    made.close()
    shutil.rmtree(folder)
