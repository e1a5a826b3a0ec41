"""Deletion of rows that belong to no other subject of the retention."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import import_run, outbox, record_change


class Leftovers:
    """Deletion of rows past their period; each method returns the number of rows."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def forget_changes(self, older_than: timedelta) -> int:
        """Delete the history of the knowledge beyond what digests and editors look back at."""
        old = delete(record_change).where(record_change.c.at < self._now - older_than)
        return (await self._connection.execute(old)).rowcount

    async def forget_imports(self, older_than: timedelta) -> int:
        """Delete import runs with their staged rows, also those that were killed and never tried again."""
        ended = func.coalesce(import_run.c.finished_at, import_run.c.started_at)
        old = delete(import_run).where(ended < self._now - older_than)
        return (await self._connection.execute(old)).rowcount

    async def forget_unsent(self, older_than: timedelta) -> int:
        """Delete messages that an admin had long enough to look at: unclear sends, and those held by a restore."""
        ended = func.coalesce(outbox.c.finished_at, outbox.c.created_at)
        old = delete(outbox).where(outbox.c.state.in_(("unclear", "held")), ended < self._now - older_than)
        return (await self._connection.execute(old)).rowcount
