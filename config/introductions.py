"""Settings of introductions."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from config.section import Section


class Introductions(Section):
    """Limits for one asker, and what follows a yes."""

    per_day: int = Field(3, ge=0, description="requests of one person in a day; 0: as many as they like")
    open: int = Field(5, ge=0, description="open requests of one person; 0: as many as they like")
    pause_days: int = Field(30, ge=0, description="until the same contact may be asked again after it did not work out")
    per_contact_week: int = Field(2, ge=0, description="requests to one contact in a week, the others wait; 0: all")
    require_verified: bool = Field(False, description="whether only people with a verified municipality may ask")
    room: Literal["leave", "stay"] = Field(
        "leave", description="what the bot does in the Matrix room of two people after its message"
    )
