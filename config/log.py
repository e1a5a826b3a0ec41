"""The settings of the log; ``config.logging`` writes it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.section import Section


class LogSettings(Section):
    """Format and level of the log; it holds ids and events, never texts."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="least severe event that is logged")
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: console in a terminal, otherwise JSON"
    )
