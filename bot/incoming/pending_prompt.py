"""What a message wants, by its words and by what its conversation is waiting for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.commands import is_command
from bot.commands.intents import Ask, Routed
from bot.commands.router import route
from bot.messages import Inbound
from knowledge_base.store.database import Store


async def understood(inbound: Inbound, store: Store, context_lasts: timedelta) -> Routed:
    """What a message wants; a plain text in a private chat completes the command that we asked to complete."""
    routed = route(inbound.text, private=inbound.private)
    if not inbound.private or not isinstance(routed.intent, Ask) or is_command(inbound.text):
        return routed
    place = inbound.address
    async with store.read() as tx:
        person = await tx.people.of_account(place.channel, inbound.user)
        if person is None:
            return routed
        key = (place.channel, place.conversation, place.thread, person.id)
        context = await tx.people.context(key, younger_than=context_lasts)
    if context is None or not context.awaits:
        return routed
    completed = route(f"!{context.awaits} {inbound.text.strip()}", private=True)
    return replace(completed, language=None, awaited=True)  # the command is ours, the words say nothing
