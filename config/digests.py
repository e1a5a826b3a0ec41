"""Settings of the weekly digests."""

from __future__ import annotations

from pydantic import Field

from config.section import Section


class Digests(Section):
    """The weekly digests."""

    first_send: int = Field(
        50, ge=0, description="when more than so many would get the very first ones, an admin is asked; 0: never"
    )
