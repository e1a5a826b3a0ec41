"""The settings page and the example file match the settings."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from config.settings import Settings, load
from tests.config.reference import EXAMPLE, PAGE, example, page

AGAIN = "run: python -m tests.config.reference"


def test_settings_page_matches_the_settings() -> None:
    assert PAGE.read_text("utf-8") == page(), AGAIN


def test_example_file_matches_the_settings() -> None:
    assert EXAMPLE.read_text("utf-8") == example(), AGAIN


def test_unchanged_example_file_gives_the_default_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STADTLOTSE_STATE_DIR", raising=False)
    assert load(EXAMPLE) == Settings()


def test_example_file_with_every_line_uncommented_gives_the_defaults(tmp_path: Path) -> None:
    active = re.sub(r"^# ([a-z_]+ = )", r"\1", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    assert tomllib.loads(active) != tomllib.loads(EXAMPLE.read_text("utf-8"))
    file = tmp_path / "stadtlotse.toml"
    file.write_text(active, encoding="utf-8")
    assert load(file) == Settings()
