"""The meaning of buttons: the network carries a random handle, everything else stays here."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import button

BUTTONS_LAST = timedelta(days=2)
HANDLE_BYTES = 16  # 128 bits, 22 characters


@dataclass(frozen=True, slots=True)
class Button:
    """A button that was shown."""

    handle: str
    channel: str
    conversation: str
    thread: str
    person_id: str  # only this person may press it
    command: str
    answer_id: str  # outbox id of its message
    expires_at: datetime
    claimed_by: str | None  # the event id of the press that counts


class Buttons:
    """Buttons, and the press that counts."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def make(
        self,
        place: tuple[str, str, str],
        person_id: str,
        answer_id: str,
        commands: Sequence[str],
        *,
        lasting: timedelta = BUTTONS_LAST,
    ) -> list[str]:
        """Return handles for the commands under one message at (channel, conversation, thread), in order."""
        handles = [secrets.token_urlsafe(HANDLE_BYTES) for _ in commands]
        channel, conversation, thread = place
        rows = [
            {
                "handle": handle,
                "channel": channel,
                "conversation": conversation,
                "thread": thread,
                "person_id": person_id,
                "command": command,
                "answer_id": answer_id,
                "expires_at": self._now + lasting,
            }
            for handle, command in zip(handles, commands, strict=True)
        ]
        if rows:
            await self._connection.execute(insert(button), rows)
        return handles

    async def get(self, handle: str) -> Button | None:
        """Return the button behind a handle; ``None`` when there is no such button (any more)."""
        row = (await self._connection.execute(select(button).where(button.c.handle == handle))).first()
        return Button(*row) if row else None

    async def claim(self, handle: str, event_id: str) -> None:
        """Claim this press; return whether it counts: no other press came first. The same press may claim again."""
        where = (button.c.handle == handle, button.c.claimed_by.is_(None))
        await self._connection.execute(update(button).where(*where).values(claimed_by=event_id))

    async def forget(self) -> int:
        """Delete expired buttons."""
        return (await self._connection.execute(delete(button).where(button.c.expires_at < self._now))).rowcount
