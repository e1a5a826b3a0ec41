"""Settings of introductions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.section import Section


class IntroductionSettings(Section):
    """Limits for one asker, and what follows a yes."""

    per_day: int = Field(3, ge=0, description="requests per person and day; 0: no limit")
    open: int = Field(5, ge=0, description="open requests per person; 0: no limit")
    pause_days: int = Field(
        30, ge=0, description="days until an asker may ask the same contact again after a failed request"
    )
    per_contact_week: int = Field(2, ge=0, description="requests per contact and week, the others wait; 0: no limit")
    require_verified: bool = Field(False, description="only people with a verified municipality may ask")
    claims: Literal["editor", "verified"] = Field(
        "editor",
        description="who lets in a municipality's contact: an editor always; or none, if the mail domain is known",
    )
    ask_facts: bool = Field(
        True, description="ask the responsible contact once a year whether the facts of its projects are still true"
    )
    room: Literal["leave", "stay"] = Field(
        "leave", description="what the bot does in the Matrix room of two introduced people after its message"
    )
