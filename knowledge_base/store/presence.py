"""Whether a bot works on this database now: it signs a row every few seconds, and takes its sign away when it stops.

The row serves twice: writing it proves that the database takes writes (a full disk, a read-only file and a stuck lock
all show), and a restore can see that it would pull the database from under a running bot.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from knowledge_base.store.database import Store
from knowledge_base.store.facts import Facts

ALIVE = "bot alive"
RESTORED = "restored"  # fact: when the database came out of a backup, of when that was, whether admins were told
FRESH = timedelta(seconds=60)  # three missed signs: who signed is gone


async def say_alive(store: Store) -> None:
    """Sign; the database's probe."""
    async with store.begin() as tx:
        await tx.facts.put(ALIVE, tx.now.isoformat())


async def say_gone(store: Store) -> None:
    """Take the sign away, at the end of an orderly stop."""
    async with store.begin() as tx:
        await tx.facts.drop(ALIVE)


async def seems_alive(facts: Facts, now: datetime) -> bool:
    """Whether somebody signed a moment ago."""
    signed = await facts.get(ALIVE)
    return isinstance(signed, str) and abs(now - datetime.fromisoformat(signed)) < FRESH
