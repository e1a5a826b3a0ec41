"""The setting of the database."""

from __future__ import annotations

from pydantic import Field

from config.section import Section


class DatabaseSettings(Section):
    """The database that keeps everything."""

    url: str = Field("", description="sqlite:///PATH or postgresql://USER@HOST/NAME; empty: a file in the state folder")
