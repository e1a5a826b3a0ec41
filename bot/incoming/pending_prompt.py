"""What a message wants, by its words and by what its conversation is waiting for."""

from __future__ import annotations

from bot.commands import is_command, parse
from bot.commands.router import Routed, route
from bot.commands.search import Ask
from bot.messages import Inbound
from knowledge_base.store.people import ChatContext


def understood(inbound: Inbound, context: ChatContext | None) -> Routed:
    """Return what a message wants; ``context`` is the last question in its conversation.

    A plain text in a private chat completes the command that the bot asked to complete.
    """
    routed = route(inbound.text, private=inbound.private)
    if not inbound.private or not isinstance(routed.intent, Ask) or is_command(inbound.text):
        return routed
    if context is None or not context.awaits:
        return routed
    completed = parse(f"{context.awaits} {inbound.text.strip()}")
    return Routed(completed, awaited=True)  # the command is the bot's: its words say no language
