"""The installation's secret: created once, complete, and readable only by its user."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from knowledge_base.errors import StoreError
from knowledge_base.store.database import Store
from knowledge_base.store.secret import BYTES, FILE, SHARED, forget_shared, keyed_hash, read_secret, share_secret


def test_secret_is_created_once_and_stays_the_same(tmp_path: Path) -> None:
    first = read_secret(tmp_path)
    assert len(first) == BYTES
    assert read_secret(tmp_path) == first
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_only_its_owner_can_read_the_secret_file(tmp_path: Path) -> None:
    read_secret(tmp_path)
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600


def test_every_installation_has_its_own_secret(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    assert len({read_secret(folder) for folder in folders}) == 2


@pytest.mark.parametrize("content", [b"", b"short", b"x" * (BYTES + 1)])
def test_damaged_secret_is_never_replaced(tmp_path: Path, content: bytes) -> None:
    """A new secret would void every link and forget which contacts must not be asked again."""
    (tmp_path / FILE).write_bytes(content)
    with pytest.raises(StoreError, match="backup"):
        read_secret(tmp_path)
    assert (tmp_path / FILE).read_bytes() == content


def test_leftover_file_of_a_killed_process_does_not_prevent_a_secret(tmp_path: Path) -> None:
    (tmp_path / f"{FILE}.{os.getpid()}").write_bytes(b"half")
    assert len(read_secret(tmp_path)) == BYTES
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_processes_that_start_at_once_agree_on_the_secret(tmp_path: Path) -> None:
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


def test_keyed_hash_depends_on_secret_purpose_and_value() -> None:
    known = keyed_hash(b"k" * 32, "block", "person")
    assert known == keyed_hash(b"k" * 32, "block", "person")
    others = {keyed_hash(b"l" * 32, "block", "person"), keyed_hash(b"k" * 32, "link", "person")}
    assert known not in others | {keyed_hash(b"k" * 32, "block", "personx")}
    assert len(known) == 64


def test_keyed_hash_separates_purpose_and_value() -> None:
    assert keyed_hash(b"k", "a", "b\0c") != keyed_hash(b"k", "ab", "\0c")


def test_any_text_has_a_keyed_hash() -> None:
    assert keyed_hash(b"k", "block", "\ud800") != keyed_hash(b"k", "block", "")


KNOWN = ["123456:token", "password"]


async def test_second_machine_gets_the_secret_from_the_database(store: Store, tmp_path: Path) -> None:
    first, second = _folders(tmp_path)
    await share_secret(store, first, KNOWN)
    await share_secret(store, second, reversed(KNOWN))
    assert read_secret(first) == read_secret(second)


async def test_different_secret_is_refused_until_an_operator_decides(store: Store, tmp_path: Path) -> None:
    first, second = _folders(tmp_path)
    await share_secret(store, first, KNOWN)
    other = read_secret(second)
    with pytest.raises(StoreError, match="--new-secret"):
        await share_secret(store, second, KNOWN)
    await forget_shared(store)
    await share_secret(store, second, KNOWN)
    assert read_secret(second) == other
    with pytest.raises(StoreError, match="--new-secret"):
        await share_secret(store, first, KNOWN)


@pytest.mark.parametrize("known", [[], ["password"], ["123456:token", "passwort"]])
async def test_machine_without_the_same_tokens_cannot_get_the_secret(
    store: Store, tmp_path: Path, known: list[str]
) -> None:
    first, second = _folders(tmp_path)
    await share_secret(store, first, KNOWN)
    with pytest.raises(StoreError, match=r"secret\.key"):
        await share_secret(store, second, known)
    assert not (second / FILE).exists(), "no new one in its place"


async def test_secret_can_be_read_with_a_new_token_after_the_next_start(store: Store, tmp_path: Path) -> None:
    first, second = _folders(tmp_path)
    await share_secret(store, first, KNOWN)
    await share_secret(store, first, ["another token"], renew=True)
    await share_secret(store, second, ["another token"])
    assert read_secret(first) == read_secret(second)


async def test_database_alone_does_not_reveal_the_secret(store: Store, tmp_path: Path) -> None:
    await share_secret(store, tmp_path, KNOWN)
    async with store.read() as tx:
        kept = json.dumps(await tx.facts.get(SHARED))
    assert b64encode(read_secret(tmp_path)).decode()[:-2] not in kept
    assert read_secret(tmp_path).hex() not in kept


async def test_machines_that_start_at_once_agree_on_one_secret(store: Store, tmp_path: Path) -> None:
    folders = _folders(tmp_path)
    outcomes = await asyncio.gather(*(share_secret(store, folder, KNOWN) for folder in folders), return_exceptions=True)
    agreed = [folder for folder, outcome in zip(folders, outcomes, strict=True) if outcome is None]
    assert agreed
    assert len({read_secret(folder) for folder in agreed}) == 1


def _folders(tmp_path: Path) -> list[Path]:
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    return folders
