"""Rate limits per user and hour, counted over all their accounts.

There are two: searches, and messages that ask for something (``Command.rate_limited``). The bot tells a user once per
hour that a limit is reached, and does not answer further messages over it. Consent, answers to requests and to the
bot's own questions, ``forget``, ``privacy``, ``mydata`` and ``unsubscribe`` are never refused. Other limits stand where
they act: users take turns (``bot.incoming.dispatcher``, ``bot.outgoing.sender``); the inbox of a user is bounded
(``bot.incoming.intake``); so are projects per day (``bot.features.search.daily_limit``), codes
(``bot.features.accounts.verify``) and requests (``knowledge_base.introductions.limits``).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from bot.commands import RATE_LIMITED
from bot.commands.command import Intent
from bot.context import Services, Turn
from bot.messages import Say
from config.limits import LimitSettings
from knowledge_base.store.inbox import InboxRow
from knowledge_base.store.transaction import Transaction

AN_HOUR = timedelta(hours=1)
MESSAGES_PER_SEARCH, LEAST_MESSAGES = 4, 60  # a conversation has more messages than searches
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
    if not limit or not isinstance(intent, RATE_LIMITED):
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
