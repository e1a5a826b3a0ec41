"""Settings about the operator of the bot: imprint, privacy notice, accessibility statement."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from config.section import Section


class OperatorSettings(Section):
    """The operator of the bot, as imprint and privacy notice name it."""

    organisation: str = Field("", description="the responsible body, e.g. Stadt Musterstadt")
    address: str = Field("", description="its postal address, on one line or several")
    represented_by: str = Field("", description="name or office of its representative")
    email: str = Field("", description="mail address for users")
    phone: str = Field("", description="phone number for users")
    data_protection_officer: str = Field("", description="office and address of the data protection officer")
    supervisory_authority: str = Field("", description="data protection authority for complaints")
    imprint: str = Field("", description="further text of the imprint; empty lines separate paragraphs")
    privacy: str = Field("", description="further text of the privacy notice; empty lines separate paragraphs")
    accessibility: str = Field(
        "", description="text of the accessibility statement about this installation; empty lines separate paragraphs"
    )
    accessibility_contact: str = Field("", description="address for reports of barriers; empty: email")
    enforcement_body: str = Field("", description="body that users turn to if a reported barrier stays")

    @property
    def missing(self) -> Sequence[str]:
        """Return the names of the settings that a public page needs and that are not set."""
        needed = ("organisation", "address", "email", "data_protection_officer", "supervisory_authority")
        return tuple(name for name in needed if not getattr(self, name).strip())
