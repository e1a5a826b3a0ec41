"""What tests need of Node.js: packages exactly as a lock file names them, installed once."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.matrix_server.synapse import one_at_a_time

MISSING = "These tests need Node.js 20 or newer with npm: install both, then run the tests again."


def node() -> str:
    """The program; a test without it fails and says so."""
    result = shutil.which("node")
    assert result, MISSING
    return result


def install(folder: Path) -> None:
    """The packages of a folder, exactly those of its lock file."""
    done, lock = folder / "node_modules" / ".installed", folder / "package-lock.json"
    npm = shutil.which("npm")
    assert npm, MISSING
    assert node(), MISSING
    with one_at_a_time(folder.name.replace("_", "-")):
        if not done.exists() or done.read_bytes() != lock.read_bytes():
            print(f"Installing what {folder.name} needs of Node.js: half a minute, once.")
            subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--omit=dev", "--silent"], cwd=folder, check=True)
            shutil.copyfile(lock, done)
