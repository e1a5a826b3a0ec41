"""What the kill tests share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def database(known_database: Path, tmp_path: Path) -> str:
    """A file of the test's own that knows the bundle."""
    shutil.copy(known_database, tmp_path / "killed.db")
    return f"sqlite:///{tmp_path / 'killed.db'}"
