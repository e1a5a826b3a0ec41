"""How a file is to be read, where a guess is not wanted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Reading:
    """Choices for one file; an empty one is guessed. ``columns`` says field → name of a column."""

    columns: Mapping[str, str] = field(default_factory=dict)
    encoding: str = ""
    delimiter: str = ""
    header_line: int = 0
    sheets: tuple[str, ...] = ()


EVERYTHING_GUESSED = Reading()
