"""Changed identities: refused until the old one is back, or the operator confirms the new one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.channels.matrix.confirming import Identities, accept, in_groups
from bot.channels.matrix.files import Folder
from bot.channels.matrix.pins import ALLOWED, CHANGED, REFUSED, SIGNED, Pins


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Folder]:
    made = Folder(tmp_path / "matrix")
    made.open()
    yield made
    made.close()


def level(pins: Pins, master: str, *, any_: bool = True, allow: bool = True) -> str:
    return pins.level("@a:b", master, has_any=any_, allow_unsigned=allow)


def test_first_identity_of_a_user_is_pinned_and_every_other_is_refused(folder: Folder) -> None:
    assert level(Pins(folder), "", any_=False) == ALLOWED
    assert level(Pins(folder), "", any_=False, allow=False) == REFUSED
    assert level(Pins(folder), "", any_=True) == CHANGED  # keys, but no chain
    assert level(Pins(folder), "M1") == SIGNED
    assert level(Pins(folder), "M2") == CHANGED
    assert level(Pins(folder), "", any_=False) == CHANGED  # vanished
    assert level(Pins(folder), "M1") == SIGNED  # it was back


def test_running_bot_accepts_an_identity_that_the_operator_confirms(folder: Folder, tmp_path: Path) -> None:
    running = Pins(folder)
    assert level(running, "M1") == SIGNED
    assert level(running, "M2") == CHANGED
    accept(tmp_path, Identities("@a:b", "M1", "M2"))
    assert level(running, "M3") == CHANGED  # another one than was confirmed
    assert level(running, "M2") == SIGNED
    assert level(Pins(folder), "M2") == SIGNED
    assert level(Pins(folder), "M1") == CHANGED


def test_identity_can_be_confirmed_only_if_the_old_and_the_new_one_are_known() -> None:
    seen = [Identities("@a:b", known, shown).changed for known in ("", "M1") for shown in ("", "M1", "M2")]
    assert seen == [False, False, False, False, False, True]
    assert in_groups("abcdefghij") == "abcd efgh ij"
    assert in_groups("") == "–"
