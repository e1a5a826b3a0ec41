"""Whether a network could not reach us for so long that it has forgotten messages: the admins are told.

Telegram keeps updates for a day. Who asked before gets no answer and cannot be named, so somebody should know of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.operations.alerts import Alerts
from knowledge_base.clock import is_past
from knowledge_base.store.database import Store

WARN_AFTER: Mapping[str, timedelta] = {"telegram": timedelta(hours=20)}  # near the day that it keeps them
NOTED_EVERY = timedelta(minutes=10)
AWAY = "away"


class Absence:
    """Notes when a network was last there, and finds out how long it was not, across restarts."""

    def __init__(self, store: Store, alerts: Alerts) -> None:
        self._store = store
        self._alerts = alerts
        self._heard: set[str] = set()
        self._noted: dict[str, datetime] = {}

    def heard(self, channel: str) -> None:
        """An exchange with the network worked just now."""
        self._heard.add(channel)

    async def __call__(self) -> None:
        """Note it, now and then."""
        now = self._store.now()
        heard, self._heard = self._heard, set()
        for channel in sorted(heard & WARN_AFTER.keys()):
            if channel not in self._noted or is_past(self._noted[channel] + NOTED_EVERY, now, NOTED_EVERY):
                await self._note(channel)
                self._noted[channel] = now

    async def _note(self, channel: str) -> None:
        fact = f"{channel}.heard"
        async with self._store.begin() as tx:
            before, now = await tx.facts.hold(fact), tx.now
            await tx.facts.put(fact, now.isoformat())
        silent = now - datetime.fromisoformat(before) if before else timedelta(0)
        if silent > WARN_AFTER[channel]:
            await self._alerts.alert(AWAY, subject=channel, part=channel, hours=int(silent.total_seconds() // 3600))
