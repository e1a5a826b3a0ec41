"""The last time that the bot believed, kept for its next start, and an admin's word that the clock is right."""

from __future__ import annotations

from datetime import datetime

from knowledge_base.store.key_values import Facts

LAST = "clock"  # fact: the last time that was believed, and the process that believed it
CONFIRMED = "clock confirmed"  # fact: what the machine's clock showed when an admin said that it is right


async def last_time(facts: Facts, *, but_of: str = "") -> datetime | None:
    """Return the last time that was believed, by another process than ``but_of``; ``None``: there is none."""
    fact = await facts.get(LAST)
    if fact is None or (but_of and fact["by"] in ("", but_of)):
        return None
    return datetime.fromisoformat(fact["at"])


async def note_time(facts: Facts, at: datetime, *, by: str = "") -> None:
    """Keep a time that is believed, by a process or, without ``by``, by an admin."""
    await facts.put(LAST, {"at": at.isoformat(), "by": by})


async def forget_time(facts: Facts) -> None:
    """Forget the last time: this database says nothing of it any more."""
    await facts.drop(LAST)


async def confirm(facts: Facts, at: datetime) -> None:
    """Note that an admin says that the machine's clock, which shows this time, is right."""
    await facts.put(CONFIRMED, at.isoformat())
    await note_time(facts, at)


async def confirmed_time(facts: Facts) -> datetime | None:
    """Return what the clock showed when an admin last confirmed it."""
    value = await facts.get(CONFIRMED)
    return datetime.fromisoformat(value) if value else None
