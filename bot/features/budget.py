"""How many questions one person may ask in an hour, on all their accounts together: what costs a search, nothing else.

Consent, answers to requests, a number that was offered, ``forget``, ``privacy``, ``mydata`` and ``unsubscribe`` cost
none: they are neither counted nor refused, however much was asked before. What bounds those who flood the bot with such
cheap commands stands where it acts: one message of a conversation at a time, eight conversations at once
(``bot.dispatch``), so many taken in and not handled until networks have to wait (``bot.inbox``), one answer for each at
the pace of its network (``bot.outbox``, ``bot.channels``), so many projects a day (``bot.features.harvest``), so many
codes (``bot.features.verifying``) and requests (``knowledge_base.introduction_caps``), and that each of them is deleted
after its period (``knowledge_base.retention``).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from bot.features import Services, Turn
from bot.messages import Say
from knowledge_base.store.transaction import Transaction

AN_HOUR = timedelta(hours=1)
QUESTIONS = "questions"  # asked in this hour past the inbox: inline, or by a person who was forgotten since
EXHAUSTED = "limit.questions"  # what is said then


async def exhausted(turn: Turn, services: Services) -> Say | None:
    """What to say to somebody who asked enough in this hour; ``None``: go on. A limit of 0 is none."""
    async with services.store.read() as tx:
        return await refusal(tx, services, turn.person.id, await tx.tallies.identities(turn.person.id))


async def refusal(tx: Transaction, services: Services, person_id: str | None, who: Collection[str]) -> Say | None:
    """Return the refusal of one more search, ``None`` while the limit allows it.

    ``who`` are the identities of the person; ``person_id`` is ``None`` for an account that never wrote to the bot.
    """
    limit = services.settings.limits.questions_per_hour
    if not limit:
        return None
    asked = await tx.inbox.asked_since(person_id, tx.now - AN_HOUR) if person_id else 0
    beside = await tx.tallies.count(services.secret, QUESTIONS, who, within=AN_HOUR)
    return Say("limit.questions", {"limit": limit}) if asked + beside >= limit else None


async def count(tx: Transaction, services: Services, who: Collection[str]) -> None:
    """Count one search that the inbox does not know."""
    if services.settings.limits.questions_per_hour:
        await tx.tallies.add(services.secret, QUESTIONS, who, lasting=AN_HOUR)


async def carry_over(tx: Transaction, turn: Turn, services: Services) -> None:
    """Who is forgotten now starts no new hour: how many questions count, as keyed hashes, since whose is deleted."""
    who = await tx.tallies.identities(turn.person.id)
    for _ in range(await tx.inbox.asked_since(turn.person.id, tx.now - AN_HOUR)):
        await tx.tallies.add(services.secret, QUESTIONS, who, lasting=AN_HOUR)
