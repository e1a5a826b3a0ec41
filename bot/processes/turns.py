"""The order of turns, so that people and conversations take turns."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from itertools import count
from typing import Generic, TypeVar

REMEMBERED = 10_000

Key = TypeVar("Key", bound=Hashable)


class Turns(Generic[Key]):
    """The order of the last turns; a higher number is a later turn. Unknown keys had no recent turn."""

    def __init__(self) -> None:
        self.when: OrderedDict[Key, int] = OrderedDict()
        self._numbers = count(1)

    def had(self, key: Key) -> None:
        """Note a turn of the key now."""
        self.when[key] = next(self._numbers)
        self.when.move_to_end(key)
        while len(self.when) > REMEMBERED:
            self.when.popitem(last=False)
