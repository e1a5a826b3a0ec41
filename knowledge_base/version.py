"""The version of the product."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def product_version() -> str:
    """Return the version of this software; "unknown" in a checkout that was never installed."""
    try:
        return version("stadtlotse")
    except PackageNotFoundError:
        return "unknown"
