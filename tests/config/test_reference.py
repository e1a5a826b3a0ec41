"""The settings' page and the example file are what the settings are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from config.settings import Settings, load
from tests.config.reference import EXAMPLE, PAGE, example, page

AGAIN = "run: python -m tests.config.reference"


def test_the_page_is_generated_from_the_settings() -> None:
    assert PAGE.read_text("utf-8") == page(), AGAIN


def test_the_example_is_generated_from_the_settings() -> None:
    assert EXAMPLE.read_text("utf-8") == example(), AGAIN


def test_the_example_as_it_is_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STADTLOTSE_STATE_DIR", raising=False)
    assert load(EXAMPLE) == Settings()


def test_the_example_with_every_line_taken_in_is_the_defaults(tmp_path: Path) -> None:
    active = re.sub(r"^# ([a-z_]+ = )", r"\1", EXAMPLE.read_text("utf-8"), flags=re.MULTILINE)
    assert tomllib.loads(active) != tomllib.loads(EXAMPLE.read_text("utf-8"))
    file = tmp_path / "stadtlotse.toml"
    file.write_text(active, encoding="utf-8")
    assert load(file) == Settings()
