"""What a message wants, by its words and by what its conversation is waiting for."""

from __future__ import annotations

from dataclasses import replace

from bot.commands import is_command
from bot.commands.intents import Ask, Routed
from bot.commands.router import route
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
    completed = route(f"!{context.awaits} {inbound.text.strip()}", private=True)
    return replace(completed, language=None, awaited=True)  # the command is ours, the words say nothing
