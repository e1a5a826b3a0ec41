"""Who decides what a room gets: its admins on the network, and the admins of the bot."""

from __future__ import annotations

from bot.context import Services, Turn


async def may_decide_here(turn: Turn, services: Services) -> bool:
    """Return whether this user decides what this place gets; in a private chat, everybody does."""
    address = f"{turn.inbound.address.channel}:{turn.inbound.user}"
    return turn.inbound.private or address in services.settings.admins or await turn.administers()
