"""Where the bot works: in groups only when an admin allowed it; and what follows when it is put out or moved.

An admin (setting ``admins``) allows a group by bringing the bot into it, or by ``/start`` there.
"""

from __future__ import annotations

from collections.abc import Collection

from bot.commands.intents import Start
from bot.commands.router import route
from bot.messages import Happening, Inbound
from knowledge_base.store.transaction import Transaction


async def may_work(tx: Transaction, inbound: Inbound, admins: Collection[str]) -> bool:
    """Whether the bot may work where this happened; an admin's wish is noted."""
    channel, conversation = inbound.address.channel, inbound.address.conversation
    if f"{channel}:{inbound.user}" in admins and _is_wish(inbound):
        await tx.conversations.allow(channel, conversation, inbound.user)
        return True
    return await tx.conversations.is_allowed(channel, conversation)


def _is_wish(inbound: Inbound) -> bool:
    if inbound.happening is Happening.JOINED:
        return True
    return inbound.happening is Happening.MESSAGE and isinstance(route(inbound.text, private=False).intent, Start)


async def left(tx: Transaction, inbound: Inbound) -> None:
    """The bot is out: nothing more is sent there."""
    channel, conversation = inbound.address.channel, inbound.address.conversation
    await tx.conversations.gone(channel, conversation, "the bot was put out")
    await tx.conversations.forbid(channel, conversation)


async def moved(tx: Transaction, inbound: Inbound) -> None:
    """A conversation goes on under another id, with everything that was allowed in it."""
    channel, old, new = inbound.address.channel, inbound.refers_to, inbound.address.conversation
    await tx.conversations.move(channel, old, new)
    if not inbound.needs_permit:
        await tx.conversations.allow(channel, new, "settings")
