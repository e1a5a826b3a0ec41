"""The regular look whether digests are due, and asking an admin before the very first ones of an installation."""

from __future__ import annotations

from bot.features.digests.make import DigestMaker
from bot.operations.alerts import Alerts
from knowledge_base.store.database import Store

ASKED = "digest approval asked"  # fact: the day; an admin is asked once a day


async def look(digests: DigestMaker, store: Store, alerts: Alerts) -> None:
    """Make what is due now."""
    await digests.make_due(store.now(), everyone=False)
    if not digests.waiting_for_approval:
        return
    async with store.begin() as tx:
        today = f"{tx.now:%Y-%m-%d}"
        first_time = await tx.facts.hold(ASKED) != today
        await tx.facts.put(ASKED, today)
    if first_time:
        await alerts.alert("first_digest", number=digests.waiting_for_approval)
