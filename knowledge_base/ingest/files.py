"""The files that an import reads: the named ones, and those in the named folders."""

from __future__ import annotations

import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from knowledge_base.ingest.limits import MAX_FILE_BYTES
from knowledge_base.ingest.row import UnreadableError

SUFFIXES = (".jsonl", ".json", ".yaml", ".yml", ".csv", ".tsv", ".xlsx", ".ods")


def expand(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield the files behind ``paths`` in their order, and those of a folder sorted by name.

    A folder gives its own files with a known ending: no subfolders, no hidden files. Links are followed: the operator
    chooses what to import. A missing path is yielded as it is, so that reading it reports the error.
    """
    for path in paths:
        if _is_folder(path):
            yield from _inside(path)
        else:
            yield path


def _is_folder(path: Path) -> bool:
    """Return whether it is a folder; what cannot be looked at is reported where it is read."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _inside(folder: Path) -> list[Path]:
    try:
        names = sorted(folder.iterdir())
    except OSError as error:
        raise explained(folder, error) from error
    files = [p for p in names if p.suffix.lower() in SUFFIXES and not p.name.startswith(".") and not _is_folder(p)]
    if not files:
        raise UnreadableError(folder, "The folder holds no file to import.", remedy=f"Known: {', '.join(SUFFIXES)}.")
    return files


def checked(path: Path) -> Path:
    """Return ``path`` when it is a regular file of a readable size; devices and pipes would never end."""
    try:
        status = path.stat()
    except OSError as error:
        raise explained(path, error) from error
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableError(path, "This is not a regular file.", remedy="Copy the data into a file.")
    if status.st_size == 0:
        raise UnreadableError(path, "The file is empty.")
    if status.st_size > MAX_FILE_BYTES:
        raise UnreadableError(path, f"The file is larger than {MAX_FILE_BYTES} bytes.", remedy="Split it.")
    return path


def explained(path: Path, error: OSError) -> UnreadableError:
    """Return the operating system's error about ``path``, in words."""
    match error:
        case FileNotFoundError() if path.is_symlink():
            return UnreadableError(path, "The link leads nowhere.", remedy="Mend or remove the link.")
        case FileNotFoundError():
            return UnreadableError(path, "There is no such file.", remedy="Check the path.")
        case PermissionError():
            return UnreadableError(
                path,
                "The file may not be read.",
                remedy="Give this account the right to read it.",
            )
        case IsADirectoryError():
            return UnreadableError(path, "This is a folder.")
        case _:
            return UnreadableError(path, f"The file cannot be read: {error.strerror or error}.")
