"""What admins ask the bot itself: how are you, and which messages may not have arrived?"""

from __future__ import annotations

from bot.channels.networks import network
from bot.commands.admins import ALL, Status, Unclear
from bot.context import Act, Serves, Services, Turn
from bot.messages import Reach, Say, Value
from bot.operations.part_alerts import report_lines, utc
from knowledge_base.store.doubtful import Doubtful
from knowledge_base.store.transaction import Transaction
from knowledge_base.version import product_version

SHOWN_ID = 8  # characters; enough to tell a message from the others
SHOWN = 20


async def status(_turn: Turn, _intent: Status, services: Services) -> Act:
    """Tell which parts work, and how many messages wait."""

    async def act(tx: Transaction) -> Say:
        inbox, outbox = await tx.inbox.count(), await tx.outbox.count()
        values: dict[str, Value] = {
            "version": product_version(),
            "parts": tuple(report_lines(services.health.status(), tx.now, network)),
            "to_answer": max(0, inbox.get("new", 0) - 1),  # without this very question
            "to_send": outbox.get("new", 0) + outbox.get("leased", 0),
            "quarantined": inbox.get("quarantined", 0),
            "unclear": (doubtful := outbox.get("unclear", 0) + outbox.get("held", 0)),
            "hint": Say("operate.status_hint") if doubtful else "",
        }
        return Say("operate.status", values)

    return act


async def unclear(_turn: Turn, intent: Unclear, _services: Services) -> Act:
    """List the messages with unknown delivery status, or do what the admin decided about them."""

    async def show(tx: Transaction) -> Say:
        messages = await tx.doubtful.all()
        lines = tuple(_line(message) for message in messages[:SHOWN])
        return (
            Say("operate.unclear", {"number": len(messages), "messages": lines}) if lines else Say("operate.no_unclear")
        )

    async def decide(tx: Transaction) -> Say:
        messages = await tx.doubtful.all()
        chosen = [message for message in messages if intent.which == ALL or message.id.startswith(intent.which)]
        if not chosen or (len(chosen) > 1 and intent.which != ALL):
            return Say("operate.unclear_unknown", {"id": intent.which})
        for message in chosen:
            await tx.doubtful.decide(message.id, repeat=intent.decision == "repeat")
        return Say(f"operate.unclear_{intent.decision}", {"number": len(chosen), "left": len(messages) - len(chosen)})

    return decide if intent.decision else show


def _line(message: Doubtful) -> Say:
    """Return one message of the list. It names no conversation: that may be another person's account."""
    values: dict[str, Value] = {
        "id": Reach(message.id[:SHOWN_ID], own=True, linked=False),
        "channel": network(message.channel),
        "kind": Say(f"operate.kind.{message.urgency.name.lower()}"),
        "at": utc(message.created_at),
        "why": Say("operate.held") if message.state == "held" else message.reason,
    }
    return Say("operate.unclear.line", values)


SERVES: Serves = {Status: status, Unclear: unclear}
