"""The version that metrics, reports and backups name."""

from __future__ import annotations

import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from knowledge_base import version
from knowledge_base.version import product_version


def test_version_is_that_of_the_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))["project"]
    asked: list[str] = []
    monkeypatch.setattr(version, "version", lambda name: asked.append(name) or "7.0")
    assert product_version() == "7.0"
    assert asked == [project["name"]]


def test_version_of_a_checkout_without_installation_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(version, "version", missing)
    assert product_version() == "unknown"
