"""Limit the mails that people cause to a mailbox which they have not proved to be theirs; its owner gets through.

In a day, half of a mailbox's mails go to all who ask. The other half is kept for people who had none for it today, so
a few accounts cannot use up all. The person who proved the mailbox before has no such limit: mails of others do not
count against them. What one person may ask for in all is limited where it is asked.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from bot.channels.networks import MAIL
from bot.context import Turn
from knowledge_base.store.transaction import Transaction

A_DAY = timedelta(days=1)
FOR_ALL = 10  # mails to a mailbox per day, for all people, however often they ask
MOST = 20  # those for people who ask for it the first time that day included


async def takes(tx: Transaction, secret: bytes, kind: str, whom: Collection[str], address: str) -> int | None:
    """Count one more mail of a kind to this mailbox, for the person with these identities.

    Return how many others went there today; ``None`` when there are too many: then no mail may go out.
    """
    sent = await tx.tallies.count(secret, kind, [address], within=A_DAY)
    pairs = [f"{requester}\0{address}" for requester in whom]
    had = await tx.tallies.count(secret, f"{kind} by one", pairs, within=A_DAY)
    if sent >= (FOR_ALL if had else MOST):
        return None
    await tx.tallies.add(secret, kind, [address], lasting=A_DAY)
    await tx.tallies.add(secret, f"{kind} by one", pairs, lasting=A_DAY)
    return sent


async def identities(tx: Transaction, turn: Turn) -> list[str]:
    """Return by what a person is recognised: with the account that speaks, if the bot knows no other yet."""
    return sorted({*await tx.tallies.identities(turn.person.id), f"{turn.inbound.address.channel}:{turn.inbound.user}"})


async def is_proven_by(tx: Transaction, person_id: str, address: str) -> bool:
    """Return whether the mailbox is this person's since they proved it."""
    accounts = await tx.people.accounts(person_id)
    return any((account.channel, account.user_id) == (MAIL, address) for account in accounts)
