"""How much one person may ask in an hour, on all their accounts together.

Two limits: so many searches, and so many messages of the kinds that only cost (``CHATTER``). Who goes beyond one is
told so once in the hour; what they send then is noted and costs no further answer. Consent, answers to requests and
to what the bot asked, ``forget``, ``privacy``, ``mydata`` and ``unsubscribe`` are never refused, however much was asked
before. What else bounds a flood stands where it acts: people take turns (``bot.incoming.dispatcher``,
``bot.outgoing.sender``), so many messages of one user wait (``bot.incoming.intake``), so many projects a day
(``bot.features.search.daily_limit``), so many codes (``bot.features.accounts.verify``) and requests
(``knowledge_base.introductions.limits``).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from bot.commands.account import Language
from bot.commands.command import Intent
from bot.commands.digests import Digest
from bot.commands.general import Help, Start, Thanks, Unknown
from bot.commands.introductions import IntroduceStatus
from bot.commands.search import Ask, More, Show
from bot.context import Services, Turn
from bot.messages import Say
from config.limits import LimitSettings
from knowledge_base.store.inbox import InboxRow
from knowledge_base.store.transaction import Transaction

AN_HOUR = timedelta(hours=1)
MESSAGES_PER_SEARCH, LEAST_MESSAGES = 4, 60  # a conversation has more messages than searches
CHATTER = (Ask, More, Show, Start, Thanks, Help, Language, Unknown, Digest, IntroduceStatus)
QUESTIONS = "questions"  # asked in this hour past the inbox: inline, or by a person who was forgotten since
EXHAUSTED = "limit.questions"  # what is said then


async def refusal(tx: Transaction, services: Services, person_id: str | None, who: Collection[str]) -> Say | None:
    """Return the refusal of one more search, ``None`` while the limit allows it. A limit of 0 allows all.

    ``who`` are the identities of the person; ``person_id`` is ``None`` for an account that never wrote to the bot.
    """
    limit = services.settings.limits.questions_per_hour
    if not limit:
        return None
    asked = await tx.inbox.asked_since(person_id, tx.now - AN_HOUR) if person_id else 0
    beside = await tx.tallies.count(services.secret, QUESTIONS, who, within=AN_HOUR)
    return _said(limit) if asked + beside >= limit else None


async def count(tx: Transaction, services: Services, who: Collection[str]) -> None:
    """Count one search that the inbox does not know."""
    if services.settings.limits.questions_per_hour:
        await tx.tallies.add(services.secret, QUESTIONS, who, lasting=AN_HOUR)


async def too_much(tx: Transaction, person_id: str, intent: Intent, limits: LimitSettings) -> Say | None:
    """Return what to say to a person who sent very many messages of any kind in this hour; ``None`` below the limit."""
    limit = limits.questions_per_hour
    if not limit or not isinstance(intent, CHATTER):
        return None
    handled = await tx.inbox.handled_since(person_id, tx.now - AN_HOUR)
    return _said(limit) if handled >= max(MESSAGES_PER_SEARCH * limit, LEAST_MESSAGES) else None


async def told_already(tx: Transaction, row: InboxRow) -> bool:
    """Whether the author was told of a limit in this hour, on this account."""
    return await tx.inbox.limited_since(row, tx.now - AN_HOUR)


async def carry_over(tx: Transaction, turn: Turn, services: Services) -> None:
    """Carry the hourly count over an erasure, as keyed hashes: so erasing an account does not reset the limit."""
    who = await tx.tallies.identities(turn.person.id)
    for _ in range(await tx.inbox.asked_since(turn.person.id, tx.now - AN_HOUR)):
        await tx.tallies.add(services.secret, QUESTIONS, who, lasting=AN_HOUR)


def _said(limit: int) -> Say:
    return Say("limit.questions", {"limit": limit})
