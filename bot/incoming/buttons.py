"""Button presses and inline queries, which the network expects to be answered within seconds.

A press counts when it is the first one, by the person that the button was made for, where it was shown, in time, and
under the last answer if it goes on with that. ``claim`` settles that durably by the id of the press, so a press that
the network delivers twice is one press, and two presses are one.
"""

from __future__ import annotations

import asyncio
from enum import StrEnum

from bot.channels.port import Cards
from bot.commands import parse
from bot.commands.ratings import Rate
from bot.commands.search import More
from bot.context import Services
from bot.features.search.inline_results import Asker, Typing, cards_of
from bot.messages import Inbound, Say
from bot.outgoing.telegram_invite import note_name
from bot.texts import DEFAULT_LANGUAGE, Texts
from knowledge_base.store.buttons import Button
from knowledge_base.store.people import ChatContext
from knowledge_base.store.transaction import Transaction

CARDS = 10
CARDS_AT_ONCE = 2  # whoever types elsewhere delays nobody who asks


class Verdict(StrEnum):
    """What a press is."""

    COUNTS = "counts"
    FOREIGN = "foreign"
    LATE = "late"
    TWICE = "twice"


def judge(button: Button | None, press: Inbound, person_id: str | None, context: ChatContext | None) -> Verdict:
    """The pure decision; ``context`` is the last question at the button's place."""
    if button is None:
        return Verdict.LATE
    place = (press.address.channel, press.address.conversation)
    if person_id != button.person_id or place != (button.channel, button.conversation):
        return Verdict.FOREIGN
    if button.claimed_by not in (None, press.id):
        return Verdict.TWICE
    if press.at >= button.expires_at:
        return Verdict.LATE
    if isinstance(parse(button.command), More) and (context is None or context.answer_id != button.answer_id):
        return Verdict.LATE
    return Verdict.COUNTS


class FrontDesk:
    """See ``bot.channels.port.Desk``."""

    def __init__(self, services: Services, texts: Texts) -> None:
        self._services = services
        self._texts = texts
        self._places = asyncio.Semaphore(CARDS_AT_ONCE)
        self._typing = Typing()

    async def claim(self, press: Inbound) -> str:
        async with self._services.store.begin() as tx:
            verdict, button = await self.verdict(tx, press)
            if button and verdict is Verdict.COUNTS:
                await tx.buttons.claim(button.handle, press.id)
                verdict, _ = await self.verdict(tx, press)  # another process may have been faster
            person = await tx.people.of_account(press.address.channel, press.user)
        language = (person and (person.language or person.last_language)) or DEFAULT_LANGUAGE
        if verdict is not Verdict.COUNTS:
            return self._texts.line(Say(f"press.{verdict}"), language)
        intent = parse(button.command) if button else None
        if not isinstance(intent, Rate):
            return ""
        return self._texts.line(
            Say("rate.useful" if intent.useful else "rate.useless"), language
        )  # all there is to say

    async def verdict(self, tx: Transaction, press: Inbound) -> tuple[Verdict, Button | None]:
        """What a press is, now."""
        button = await tx.buttons.get(press.text)
        person = await tx.people.of_account(press.address.channel, press.user)
        context = None
        if button:
            key = (button.channel, button.conversation, button.thread, button.person_id)
            context = await tx.people.context(key, younger_than=self._services.context_lasts)
        return judge(button, press, person.id if person else None, context), button

    async def known_as(self, channel: str, name: str) -> None:
        async with self._services.store.begin() as tx:
            await note_name(tx, channel, name)

    async def cards(self, channel: str, user: str, question: str, language: str) -> Cards:
        async with self._places:
            asker = Asker(channel, user)
            return await cards_of(asker, question, language, self._services, self._texts, self._typing, CARDS)
