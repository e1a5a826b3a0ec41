"""The limits of each user."""

from __future__ import annotations

from pydantic import Field

from config.section import Section


class LimitSettings(Section):
    """Rate limits for one user."""

    questions_per_hour: int = Field(
        60, ge=0, description="searches per person and hour; 0 lifts all limits of this section"
    )
    projects_per_day: int = Field(200, ge=0, description="different projects shown per person and day; 0: no limit")
    context_minutes: int = Field(30, ge=0, description="how long a follow-up question refers to the one before it")
