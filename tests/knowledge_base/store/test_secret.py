"""The installation's secret: made once, whole, for its user alone."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from knowledge_base.errors import StoreError
from knowledge_base.store.secret import BYTES, FILE, keyed_hash, read_secret


def test_it_is_made_once_and_stays(tmp_path: Path) -> None:
    first = read_secret(tmp_path)
    assert len(first) == BYTES
    assert read_secret(tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_only_its_user_may_read_it(tmp_path: Path) -> None:
    read_secret(tmp_path)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_every_installation_has_its_own(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    assert len({read_secret(folder) for folder in folders}) == 2


@pytest.mark.parametrize("content", [b"", b"short", b"x" * (BYTES + 1)])
def test_a_damaged_one_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    """A new one would void every link, and forget who must not be asked again."""
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StoreError, match="backup"):
        read_secret(tmp_path)
    assert (tmp_path / FILE).read_bytes() == content


def test_what_a_killed_process_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.{os.getpid()}").write_bytes(b"half")
    assert len(read_secret(tmp_path)) == BYTES
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(_in_a_process, [str(tmp_path)] * 8))) == 1


def _in_a_process(folder: str) -> str:
    import subprocess
    import sys

    code = """if True:
        import sys, pathlib
        from knowledge_base.store.secret import read_secret
        print(read_secret(pathlib.Path(sys.argv[1])).hex())
    """
    return subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True, check=True).stdout


def test_a_keyed_hash_is_of_secret_purpose_and_value() -> None:
    known = keyed_hash(b"k" * 32, "block", "person")
    assert known == keyed_hash(b"k" * 32, "block", "person")
    others = {keyed_hash(b"l" * 32, "block", "person"), keyed_hash(b"k" * 32, "link", "person")}
    assert known not in others | {keyed_hash(b"k" * 32, "block", "personx")}
    assert len(known) == 64


def test_purpose_and_value_cannot_be_mixed_up() -> None:
    assert keyed_hash(b"k", "a", "b\0c") != keyed_hash(b"k", "ab", "\0c")


def test_any_text_has_a_hash() -> None:
    assert keyed_hash(b"k", "block", "\ud800") != keyed_hash(b"k", "block", "")
