"""Texts that every database, model and network takes. Pure."""

from __future__ import annotations

from typing import Any


def storable(text: str) -> str:
    """Return a text with question marks for halves of characters and NULs; it keeps its length."""
    return text.encode("utf-8", "replace").decode().replace("\0", "?")


def storable_in(value: Any) -> Any:
    """Return a JSON value with all its texts storable; the names in it stay as they are."""
    if isinstance(value, dict):
        return {name: storable_in(part) for name, part in value.items()}
    if isinstance(value, list):
        return [storable_in(part) for part in value]
    return storable(value) if isinstance(value, str) else value
