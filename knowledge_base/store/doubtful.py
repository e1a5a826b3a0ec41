"""Messages with unknown delivery status; an admin decides about each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.outbox import Urgency
from knowledge_base.store.tables import outbox


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A message with unknown delivery status; its text stays in the database until an admin decides.

    ``state`` is ``unclear`` after a send that ended so, ``held`` after a restore: it was to be sent when the backup was
    made, and may have been sent since.
    """

    id: str
    state: str
    channel: str
    conversation: str
    urgency: Urgency
    created_at: datetime
    reason: str


_DOUBTFUL = outbox.c.state.in_(("unclear", "held"))


class DoubtfulMessages:
    """The messages of the outbox that wait for a decision."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def all(self) -> list[Doubtful]:
        """Return the messages with unknown delivery status, the oldest first."""
        rows = await self._connection.execute(select(outbox).where(_DOUBTFUL).order_by(outbox.c.seq))
        return [
            Doubtful(r.id, r.state, r.channel, r.conversation, Urgency(r.urgency), r.created_at, r.error or "")
            for r in rows
        ]

    async def decide(self, which: str, *, repeat: bool) -> int:
        """Send doubtful messages (again) or drop them, for an admin: the one of an id, or all in a state.

        Return the number of messages.
        """
        where = (_DOUBTFUL, or_(outbox.c.id == which, outbox.c.state == which))
        again = {"state": "new", "not_before": self._now, "created_at": self._now, "finished_at": None, "error": None}
        values = again if repeat else {"state": "dead", "payload": None, "finished_at": self._now}
        return (await self._connection.execute(update(outbox).where(*where).values(**values))).rowcount
