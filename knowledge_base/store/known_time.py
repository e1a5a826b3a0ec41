"""The last time that the bot believed, kept for its next start, and an admin's confirmation of the clock."""

from __future__ import annotations

from datetime import datetime

from knowledge_base.store.key_values import Facts

LAST = "clock"  # fact: the last time that was believed, and the process that believed it
CONFIRMED = "clock confirmed"  # fact: the machine's clock when an admin confirmed it


async def last_time(facts: Facts, *, but_of: str = "") -> datetime | None:
    """Return the last time that another process than ``but_of`` believed, or ``None``."""
    fact = await facts.get(LAST)
    if fact is None or (but_of and fact["by"] in ("", but_of)):
        return None
    return datetime.fromisoformat(fact["at"])


async def note_time(facts: Facts, at: datetime, *, by: str = "") -> None:
    """Store a believed time, of a process or, without ``by``, of an admin."""
    await facts.put(LAST, {"at": at.isoformat(), "by": by})


async def forget_time(facts: Facts) -> None:
    """Delete the last time, so that it says nothing about the clock any more."""
    await facts.drop(LAST)


async def confirm(facts: Facts, at: datetime) -> None:
    """Note that an admin confirms the machine's clock, which shows this time."""
    await facts.put(CONFIRMED, at.isoformat())
    await note_time(facts, at)


async def confirmed_time(facts: Facts) -> datetime | None:
    """Return the time that the clock showed at the last confirmation by an admin."""
    value = await facts.get(CONFIRMED)
    return datetime.fromisoformat(value) if value else None
