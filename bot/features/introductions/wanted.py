"""Count that a town without a contact was wanted: each person once a month, as a keyed hash, so without names."""

from __future__ import annotations

from datetime import timedelta

from bot.context import Services
from knowledge_base.store.transaction import Transaction

WANTED = "town wanted"
ONCE = timedelta(days=30)


async def count_wanted(tx: Transaction, services: Services, person_id: str, municipality: str) -> None:
    """Count this person's wish for a contact in a municipality, unless it was counted within a month."""
    pairs = [f"{owner}\0{municipality}" for owner in await tx.tallies.identities(person_id)]
    if not await tx.tallies.count(services.secret, WANTED, pairs, within=ONCE):
        await tx.tallies.add(services.secret, WANTED, pairs, lasting=ONCE)
        await tx.towns.count(municipality)
