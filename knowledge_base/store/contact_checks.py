"""Contacts whose requests expire one after the other: asked once whether the role is still theirs, then hidden."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import contact_check
from knowledge_base.store.upsert import insert_into

IN_A_ROW = 3  # requests that expired without any answer
ANSWER_WITHIN = timedelta(days=14)


class ContactChecks:
    """One row for each contact that left something unanswered, or was asked about its facts."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def expired(self, contact_id: str) -> None:
        """Count a request that expired without an answer of this contact."""
        statement = insert_into(self._connection, contact_check).values(contact_id=contact_id, unanswered=1)
        more = {"unanswered": contact_check.c.unanswered + 1}
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["contact_id"], set_=more))

    async def answered(self, contact_ids: Collection[str]) -> None:
        """Note that these contacts answered: the count begins anew, and they are shown again."""
        where = contact_check.c.contact_id.in_(list(contact_ids))
        values = {"unanswered": 0, "asked_at": None, "hidden_at": None}
        await self._connection.execute(update(contact_check).where(where).values(**values))

    async def silent(self) -> list[str]:
        """Return the contacts to ask whether the role is still theirs."""
        where = (contact_check.c.unanswered >= IN_A_ROW, contact_check.c.asked_at.is_(None))
        statement = select(contact_check.c.contact_id).where(*where, contact_check.c.hidden_at.is_(None))
        return list((await self._connection.execute(statement.order_by(contact_check.c.contact_id))).scalars())

    async def asked(self, contact_id: str) -> None:
        """Note that a contact was asked."""
        where = contact_check.c.contact_id == contact_id
        await self._connection.execute(update(contact_check).where(where).values(asked_at=self._now))

    async def hide(self, contact_ids: Collection[str] = ()) -> list[str]:
        """Hide the contacts that were asked and did not answer in time, and these; return those newly hidden."""
        late = contact_check.c.asked_at < self._now - ANSWER_WITHIN
        where = or_(late, contact_check.c.contact_id.in_(list(contact_ids)))
        statement = update(contact_check).where(where, contact_check.c.hidden_at.is_(None)).values(hidden_at=self._now)
        return list((await self._connection.execute(statement.returning(contact_check.c.contact_id))).scalars())

    async def facts_asked(self, contact_id: str) -> None:
        """Note that a contact was asked whether the facts of its projects are still true."""
        values = {"contact_id": contact_id, "unanswered": 0, "facts_asked_at": self._now}
        statement = insert_into(self._connection, contact_check).values(**values)
        at = {"facts_asked_at": self._now}
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["contact_id"], set_=at))

    async def facts_asked_since(self, since: datetime) -> frozenset[str]:
        """Return the contacts that were asked about their facts since this moment."""
        statement = select(contact_check.c.contact_id).where(contact_check.c.facts_asked_at > since)
        return frozenset((await self._connection.execute(statement)).scalars())

    async def forget(self, present: Collection[str]) -> int:
        """Delete what belongs to no contact any more."""
        gone = delete(contact_check).where(contact_check.c.contact_id.not_in(list(present)))
        return (await self._connection.execute(gone)).rowcount
