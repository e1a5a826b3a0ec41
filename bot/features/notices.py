"""What is to be said of something that happened and is no question."""

from __future__ import annotations

from bot.messages import Happening, Inbound, Say


def notice(inbound: Inbound) -> Say:
    """For ``UNDECRYPTED``, ``MISSED`` and ``COMPARE``."""
    if inbound.happening is Happening.MISSED:
        return Say("missed", {"count": int(inbound.text)})
    return Say("compare", {"emojis": inbound.text}) if inbound.happening is Happening.COMPARE else Say("unreadable")
