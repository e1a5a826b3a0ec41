"""Outages so long that the network has dropped messages for the bot: the admins are alerted.

A network may forget (Telegram keeps updates for a day). The users who asked before that get no answer, and the bot
cannot name them, so an admin is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.operations.alerts import Alerts
from knowledge_base.clock import is_past
from knowledge_base.store.database import Store

NOTED_EVERY = timedelta(minutes=10)
AWAY = "away"
WARN_AT = 5 / 6  # of the time for which a network keeps what it could not deliver


class Absence:
    """A record, across restarts, of when a network last answered and how long it did not."""

    def __init__(self, store: Store, alerts: Alerts, keeps: Mapping[str, timedelta]) -> None:
        """``keeps``: the channels that forget what they could not deliver, and after which time."""
        self._store = store
        self._alerts = alerts
        self._warn_after = {channel: after * WARN_AT for channel, after in keeps.items()}
        self._heard: set[str] = set()
        self._noted: dict[str, datetime] = {}

    def heard(self, channel: str) -> None:
        """Note a successful exchange with the network."""
        self._heard.add(channel)

    async def __call__(self) -> None:
        """Store the exchanges, at most every ten minutes per network."""
        now = self._store.now()
        heard, self._heard = self._heard, set()
        for channel in sorted(heard & self._warn_after.keys()):
            if channel not in self._noted or is_past(self._noted[channel] + NOTED_EVERY, now, NOTED_EVERY):
                await self._note(channel)
                self._noted[channel] = now

    async def _note(self, channel: str) -> None:
        fact = f"{channel}.heard"
        async with self._store.begin() as tx:
            before, now = await tx.facts.hold(fact), tx.now
            await tx.facts.put(fact, now.isoformat())
        silent = now - datetime.fromisoformat(before) if before else timedelta(0)
        if silent > self._warn_after[channel]:
            await self._alerts.alert(AWAY, subject=channel, part=channel, hours=int(silent.total_seconds() // 3600))
