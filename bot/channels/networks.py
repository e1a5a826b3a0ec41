"""What the networks are called towards people."""

from __future__ import annotations

from typing import Final

from bot.messages import Say

NAMED: Final = ("matrix", "telegram", "email", "terminal")


def network(channel: str) -> Say | str:
    """The name of a channel (``Channel.name``) in a text; of one that has none, the channel's own."""
    return Say(f"channel.{channel}") if channel in NAMED else channel
