"""Rows that no subject needs any more, but that stay unless somebody looks: only retention does."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import import_run, outbox, record_change


class Leftovers:
    """Deletes what is past its period; each method returns how many rows it were."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def forget_changes(self, older_than: timedelta) -> int:
        """The history of the knowledge beyond what digests and editors look back at."""
        old = delete(record_change).where(record_change.c.at < self._now - older_than)
        return (await self._connection.execute(old)).rowcount

    async def forget_imports(self, older_than: timedelta) -> int:
        """Import runs, with whatever they staged, also those that were killed and never tried again."""
        ended = func.coalesce(import_run.c.finished_at, import_run.c.started_at)
        old = delete(import_run).where(ended < self._now - older_than)
        return (await self._connection.execute(old)).rowcount

    async def forget_unsent(self, older_than: timedelta) -> int:
        """Messages that an admin could have looked at long enough: unclear sends, and those held by a restore."""
        ended = func.coalesce(outbox.c.finished_at, outbox.c.created_at)
        old = delete(outbox).where(outbox.c.state.in_(("unclear", "held")), ended < self._now - older_than)
        return (await self._connection.execute(old)).rowcount
