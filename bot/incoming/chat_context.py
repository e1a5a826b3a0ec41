"""The earlier question that a message goes on from: of the answer it replies to, of its thread, else of its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from bot.commands import to_text
from bot.commands.search import PROJECT, Show
from bot.messages import Happening, Inbound
from knowledge_base.store.people import ChatContext
from knowledge_base.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class ContextLoader:
    """Reads contexts for one message of one person."""

    tx: Transaction
    inbound: Inbound
    person_id: str
    lasts: timedelta

    async def load(self) -> ChatContext | None:
        """Return the context of the message; ``None``: it stands alone."""
        place, refers_to = self.inbound.address, self.inbound.refers_to
        if self.inbound.happening is Happening.EDIT:
            return await self._of_answer(await self.tx.answers.to(place.channel, refers_to))
        if self.inbound.happening is Happening.MESSAGE and refers_to:
            answer_id = await self._answer(refers_to)
            if context := await self._of_answer(answer_id):
                return context
            if answer_id is None and self.inbound.quoted:  # another user's message is the context
                return None
            if answer_id and await self.tx.outbox.is_bulk(answer_id):  # numbers are those of the digest
                return None
        if place.thread and (root := await self._answer(place.thread)):
            here = (place.channel, place.conversation, place.thread)
            latest = await self.tx.people.context_of_thread(here, self.person_id, younger_than=self.lasts)
            return latest or await self._of_answer(root)
        key = (place.channel, place.conversation, place.thread, self.person_id)
        return await self.tx.people.context(key, younger_than=self.lasts)

    async def _answer(self, event_id: str) -> str | None:
        """Return the id of the answer that an event is, or of the answer to it."""
        channel = self.inbound.address.channel
        return await self.tx.outbox.by_remote_id(channel, event_id) or await self.tx.answers.to(channel, event_id)

    async def _of_answer(self, answer_id: str | None) -> ChatContext | None:
        """Return the context that an answer left; its numbers are known as long as the answer is."""
        if answer_id is None:
            return None
        here = (self.inbound.address.channel, self.inbound.address.conversation)
        context = await self.tx.people.context_of_answer(answer_id, here, self.person_id, younger_than=self.lasts)
        if context is not None:
            return context
        shown = await self.tx.answers.shown(answer_id) or ()
        choices = tuple(to_text(Show(PROJECT + project_id)) for project_id in shown)
        return ChatContext(None, answer_id, choices, self.tx.now) if choices else None
