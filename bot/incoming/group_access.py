"""Where the bot works: in groups only when an admin allowed it; and what follows when it is put out or moved.

An admin (setting ``admins``) allows a group by bringing the bot into it, or by ``/start`` there.
"""

from __future__ import annotations

from collections.abc import Collection

from bot.commands.general import Start
from bot.commands.router import route
from bot.messages import Happening, Inbound
from knowledge_base.store.transaction import Transaction


async def may_work(tx: Transaction, inbound: Inbound, admins: Collection[str]) -> bool:
    """Return whether the bot may work where this happened, or an admin allows it now (``note_permit``)."""
    if not inbound.needs_permit or inbound.happening in (Happening.LEFT, Happening.MOVED):
        return True
    return _permits(inbound, admins) or await tx.conversations.is_allowed(
        inbound.address.channel, inbound.address.conversation
    )


async def note_permit(tx: Transaction, inbound: Inbound, admins: Collection[str]) -> None:
    """Store that an admin allowed the bot to work here, if this message says so."""
    if _permits(inbound, admins):
        await tx.conversations.allow(inbound.address.channel, inbound.address.conversation, inbound.user)


def _permits(inbound: Inbound, admins: Collection[str]) -> bool:
    if not inbound.needs_permit or f"{inbound.address.channel}:{inbound.user}" not in admins:
        return False
    if inbound.happening is Happening.JOINED:
        return True
    return inbound.happening is Happening.MESSAGE and isinstance(route(inbound.text, private=False).intent, Start)


async def left(tx: Transaction, inbound: Inbound) -> None:
    """The bot is out: nothing more is sent there."""
    channel, conversation = inbound.address.channel, inbound.address.conversation
    await tx.conversations.gone(channel, conversation, "the bot was put out")
    await tx.conversations.forbid(channel, conversation)
    await tx.rooms.forget(channel, conversation)


async def moved(tx: Transaction, inbound: Inbound) -> None:
    """A conversation goes on under another id, with everything that was allowed in it."""
    channel, old, new = inbound.address.channel, inbound.refers_to, inbound.address.conversation
    await tx.conversations.move(channel, old, new)
    if not inbound.needs_permit:
        await tx.conversations.allow(channel, new, "settings")
