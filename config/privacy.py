"""Settings that only the operator can give for its record of processing activities."""

from __future__ import annotations

from pydantic import Field

from config.section import Section


class PrivacySettings(Section):
    """Statements of the operator for the privacy report."""

    processors: str = Field("", description="processors and their contracts, one per line: Hoster GmbH: server, 2026")
    telegram_reason: str = Field("", description="reason for offering Telegram although it runs outside the EU")
    basis: str = Field("", description="the law behind the public task, e.g. § 5 BbgDSG")
