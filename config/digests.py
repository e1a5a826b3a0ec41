"""Settings of the weekly digests."""

from __future__ import annotations

from pydantic import Field

from config.section import Section


class DigestSettings(Section):
    """The weekly digests."""

    first_send: int = Field(
        50, ge=0, description="ask an admin if more recipients than this would get the very first digests; 0: never"
    )
