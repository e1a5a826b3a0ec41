"""What others wrote reaches an editor on every network: here, or where it may go (another account, a page)."""

from __future__ import annotations

from bot.channels.networks import network
from bot.channels.policy import DataClass, may_pass
from bot.context import Services, Turn
from bot.features.reach import ways_out
from bot.messages import Say
from bot.outgoing.notify import Notice, tell
from knowledge_base.store.transaction import Transaction


def may_read_here(turn: Turn, services: Services) -> bool:
    """Return whether what others wrote may be shown in this chat."""
    private = turn.inbound.private
    return private and may_pass(turn.inbound.address.channel, DataClass.TEXT_OF_OTHERS, services.settings)


async def send_elsewhere(tx: Transaction, turn: Turn, say: Say, services: Services) -> Say:
    """Send a text of others where this editor may read it; return what to say here about that."""
    notice = Notice(say, f"elsewhere:{say.key}:{turn.reply_id}", about=DataClass.TEXT_OF_OTHERS)
    delivery = await tell(tx, turn.person, notice, settings=services.settings, links=services.links)
    if delivery is None:
        return Say("candidates.no_way", {"instead": ways_out(services.settings)})
    channel = network(delivery.account.channel)
    return Say("candidates.as_link" if delivery.as_link else "candidates.elsewhere", {"channel": channel})
