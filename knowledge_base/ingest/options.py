"""Options of an import, and the ids that its files have shown so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from knowledge_base.ingest.reading import EVERYTHING_GUESSED, Reading
from knowledge_base.store.imports import Key


@dataclass(frozen=True, slots=True)
class Options:
    """Options of an import.

    ``remove_missing`` removes records that the source no longer holds (unless an editor changed them); ``own_only``
    leaves records of other sources alone. ``reading`` says how a file is read, where a guess is not wanted.
    """

    dry_run: bool = False
    remove_missing: bool = False
    own_only: bool = False
    reading: Reading = EVERYTHING_GUESSED


DEFAULT = Options()


@dataclass(slots=True)
class Seen:
    """The ids that the files of one command hold, and their places."""

    _files: list[tuple[str, dict[Key, int]]] = field(default_factory=list)

    def begin(self, file: str) -> dict[Key, int]:
        self._files.append((file, {}))
        return self._files[-1][1]

    def has(self, key: Key) -> bool:
        """Return whether one of the files holds this record."""
        return any(key in lines for _, lines in self._files)

    def place(self, key: Key) -> str:
        """Return "file, line n" of the first record with this key, or ""."""
        return next((f"{file}, line {lines[key]}" for file, lines in self._files if key in lines), "")
