"""What is due about contacts: towns that have come are told at once, the rest is looked at every hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.context import Services
from bot.features.contacts import checks, facts, invite
from knowledge_base.clock import is_past

LOOK_EVERY = timedelta(hours=1)


class ContactChores:
    """The timer of it; a second call at once does nothing more."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._next_look: datetime | None = None

    async def __call__(self) -> None:
        """Do what is due."""
        await invite.tell_arrivals(self._services)
        now = self._services.store.now()
        if self._next_look and not is_past(self._next_look, now, LOOK_EVERY):
            return
        await checks.look(self._services)
        await facts.look(self._services)
        self._next_look = now + LOOK_EVERY
