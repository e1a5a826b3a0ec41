"""Rows of readers, and errors of validation that name file, line, field and reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from knowledge_base.errors import InputError
from knowledge_base.model import Json


@dataclass(frozen=True, slots=True)
class Row:
    """One record as a file holds it, not validated; ``line`` is its first line, from 1."""

    file: str
    line: int
    values: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class RowError:
    """The reason why a row cannot be taken; ``line`` 0 means the whole file, ``field`` "" the whole row.

    The text never holds a contact's data, so that it may be shown and kept.
    """

    file: str
    line: int
    field: str
    reason: str
    remedy: str = ""
    key: str = ""  # see FieldRefusedError
    values: tuple[tuple[str, str | int], ...] = ()

    def __str__(self) -> str:
        place = f"{self.file}, line {self.line}" if self.line else self.file
        problem = f"field {self.field}: {self.reason}" if self.field else self.reason
        return f"{place}: {problem} {self.remedy}".strip()


class UnreadableError(InputError):
    """A file that cannot be read on from here; nothing of it is imported."""

    def __init__(self, file: Path | str, reason: str, *, line: int = 0, remedy: str = "") -> None:
        self.error = RowError(str(file), line, "", reason, remedy)
        super().__init__(str(RowError(str(file), line, "", reason)), remedy=remedy)


def shortened(value: object, limit: int = 60) -> str:
    """Return ``value`` for a message or a dry run: printable, on one line, at most ``limit`` characters."""
    text = "".join(c if c.isprintable() else " " for c in str(value)[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"
