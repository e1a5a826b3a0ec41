"""The periods after which data are deleted."""

from __future__ import annotations

from pydantic import Field

from config.section import Section


class RetentionSettings(Section):
    """Periods after which data are deleted, in days (messages: in hours)."""

    messages_hours: int = Field(
        72, ge=24, description="ids of handled messages, so that the bot handles no message twice"
    )
    answers_days: int = Field(90, ge=1, description="what answers showed, and their rating")
    unanswered_days: int = Field(180, ge=1, description="questions that found nothing, without any name")
    contributions_days: int = Field(
        180, ge=1, description="what users report or propose to the editors, counted from the last step"
    )
    introductions_days: int = Field(180, ge=1, description="closed introductions; afterwards only counts remain")
    consents_days: int = Field(1095, ge=1, description="proof of a consent, counted from its end")
