"""Settings about the operator of the bot: imprint, privacy notice, accessibility statement."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from config.section import Section


class Operator(Section):
    """The operator of the bot, as imprint and privacy notice name it."""

    organisation: str = Field("", description="the body that answers for the bot, e.g. Stadt Musterstadt")
    address: str = Field("", description="its postal address, on one line or several")
    represented_by: str = Field("", description="who represents it")
    email: str = Field("", description="where people reach it")
    phone: str = Field("", description="where people reach it by phone")
    data_protection_officer: str = Field("", description="office and address of the data protection officer")
    supervisory_authority: str = Field("", description="the data protection authority that hears complaints")
    imprint: str = Field("", description="what else the imprint must say; paragraphs by empty lines")
    privacy: str = Field("", description="what else the privacy notice must say; paragraphs by empty lines")
    accessibility: str = Field(
        "", description="what the accessibility statement says of this installation; paragraphs by empty lines"
    )
    accessibility_contact: str = Field("", description="where barriers are reported; empty: email")
    enforcement_body: str = Field("", description="whom people turn to when a reported barrier stays")

    @property
    def missing(self) -> Sequence[str]:
        """Return the names of the settings that a public page needs and that are not set."""
        needed = ("organisation", "address", "email", "data_protection_officer", "supervisory_authority")
        return tuple(name for name in needed if not getattr(self, name).strip())
