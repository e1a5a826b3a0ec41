"""The limits of each user."""

from __future__ import annotations

from pydantic import Field

from config.section import Section


class Limits(Section):
    """Rate limits for one user."""

    questions_per_hour: int = Field(60, ge=0, description="searches of one person in an hour; 0 lifts every budget")
    projects_per_day: int = Field(200, ge=0, description="different projects shown to one person in a day; 0: all")
    context_minutes: int = Field(30, ge=0, description="how long a follow-up question still knows the one before it")
