"""Progress reports of long work."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int | None], None]
"""Told ``(phase, done, total)``; phases are "read" (rows, total unknown), "publish" (changes), "embed" (projects)."""


def silent(_phase: str, _done: int, _total: int | None) -> None:
    """Report nothing."""
