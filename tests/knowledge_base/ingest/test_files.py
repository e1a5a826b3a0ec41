from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from knowledge_base.ingest.files import checked, expand, explained
from knowledge_base.ingest.limits import MAX_FILE_BYTES
from knowledge_base.ingest.readers.text import open_text
from knowledge_base.ingest.row import UnreadableError


def reason(path: Path) -> str:
    with pytest.raises(UnreadableError) as caught:
        checked(path)
    assert str(path) in str(caught.value)
    return caught.value.error.reason


def test_a_folder_gives_its_known_files_sorted(tmp_path: Path) -> None:
    for name in ("b.csv", "a.JSONL", "README.md", ".hidden.csv", "c.xlsx"):
        (tmp_path / name).touch()
    (tmp_path / "d.csv").mkdir()
    named = tmp_path / "README.md"
    assert list(expand([named, tmp_path])) == [named, *(tmp_path / name for name in ("a.JSONL", "b.csv", "c.xlsx"))]


def test_folder_without_data_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="no file to import"):
        list(expand([tmp_path]))


def test_expand_keeps_a_missing_file_and_the_check_refuses_it(tmp_path: Path) -> None:
    assert list(expand([tmp_path / "x.csv"])) == [tmp_path / "x.csv"]
    assert reason(tmp_path / "x.csv") == "There is no such file."


def test_file_in_a_folder_that_may_not_be_entered_is_refused(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir()
    (locked / "x.csv").write_text("id;title;text")
    locked.chmod(0)
    try:
        with as_somebody_without_rights():
            assert list(expand([locked / "x.csv"])) == [locked / "x.csv"]
            assert reason(locked / "x.csv") == "The file may not be read."
    finally:
        locked.chmod(0o700)


@contextmanager
def as_somebody_without_rights() -> Iterator[None]:
    """Root may read everything; another user may not."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(before)


def test_links_are_followed_and_broken_links_are_refused(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("x")
    (tmp_path / "good").symlink_to(tmp_path / "real")
    (tmp_path / "broken").symlink_to(tmp_path / "gone")
    (tmp_path / "round").symlink_to(tmp_path / "round")
    assert checked(tmp_path / "good") == tmp_path / "good"
    assert reason(tmp_path / "broken") == "The link leads nowhere."
    assert "cannot be read" in reason(tmp_path / "round")


def test_pipes_devices_and_folders_are_refused_as_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert reason(tmp_path / "pipe") == "This is not a regular file."
    assert reason(Path("/dev/zero")) == "This is not a regular file."
    assert reason(tmp_path) == "This is not a regular file."


def test_too_large_and_empty_files_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as stream:
        stream.truncate(MAX_FILE_BYTES + 1)
    assert "larger than" in reason(tmp_path / "large")
    (tmp_path / "empty").touch()
    assert reason(tmp_path / "empty") == "The file is empty."


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "may not be read"),
        (IsADirectoryError(errno.EISDIR, "Is a directory"), "a folder"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error"),
    ],
)
def test_operating_system_errors_are_explained_in_plain_words(tmp_path: Path, error: OSError, expected: str) -> None:
    assert expected in str(explained(tmp_path, error))


def test_file_without_read_permission_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret.csv"
    path.write_text("x")
    path.chmod(0)
    if os.access(path, os.R_OK):  # root reads everything
        open_text(path).close()
    else:
        with pytest.raises(UnreadableError, match="may not be read"):
            open_text(path)
