"""Contributions: what users say about records or of projects that are missing, until editors have decided."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import contribution

DRAFTS_LAST = timedelta(days=2)
UNDECIDED = ("waiting", "editing")


class ContributionState(StrEnum):
    """Where a contribution stands."""

    DRAFT = "draft"  # its author is at it; editors do not see it
    EDITING = "editing"  # an editor's own new entry, not published yet
    OPEN = "waiting"  # waits for an editor
    ACCEPTED = "taken"
    DECLINED = "rejected"


@dataclass(frozen=True, slots=True)
class Contribution:
    """One contribution; ``person_id``, its author, is stored for notices and is never shown."""

    number: int
    person_id: str | None
    kind: str  # wrong | new
    record: str
    state: ContributionState
    said: Mapping[str, str]
    proposal: Mapping[str, Any]
    language: str
    at: datetime


class Contributions:
    """The queue of candidates and its history."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def begin(
        self, person_id: str | None, kind: str, language: str, *, record: str = "",
        said: Mapping[str, str] | None = None, state: ContributionState = ContributionState.DRAFT,
        proposal: Mapping[str, Any] | None = None,
    ) -> int:  # fmt: skip
        """Store a new contribution; return its number. A draft replaces the author's earlier draft."""
        if state is ContributionState.DRAFT:
            await self._delete_drafts(contribution.c.person_id == person_id)
        values = {
            "person_id": person_id, "kind": kind, "record": record, "state": state, "said": dict(said or {}),
            "proposal": dict(proposal or {}), "language": language, "reason": "", "at": self._now,
        }  # fmt: skip
        statement = insert(contribution).values(**values).returning(contribution.c.number)
        return int(await self._connection.scalar(statement))

    async def draft_of(self, person_id: str) -> Contribution | None:
        """Return what a person is about to contribute."""
        where = (contribution.c.person_id == person_id, contribution.c.state == ContributionState.DRAFT)
        return next(iter(await self._rows(*where)), None)

    async def get(self, number: int) -> Contribution | None:
        """Return a contribution that waits for editors."""
        return next(iter(await self._rows(contribution.c.number == number, contribution.c.state.in_(UNDECIDED))), None)

    async def waiting(self, limit: int = 20) -> list[Contribution]:
        """Return what waits for a decision, the oldest first."""
        return await self._rows(contribution.c.state == ContributionState.OPEN, limit=limit)

    async def count(self) -> int:
        """Return the number of contributions that wait for a decision."""
        statement = select(func.count()).where(contribution.c.state == ContributionState.OPEN)
        return int(await self._connection.scalar(statement) or 0)

    async def say(self, number: int, said: Mapping[str, str], *, record: str) -> None:
        """Store what its author says, as it is now."""
        await self._set(number, said=dict(said), record=record, at=self._now)

    async def propose(self, number: int, proposal: Mapping[str, Any]) -> None:
        """Store what editors make of it."""
        await self._set(number, proposal=dict(proposal))

    async def open(self, number: int) -> None:
        """Give a draft to the editors."""
        await self._set(number, state=ContributionState.OPEN, at=self._now)

    async def decide(self, number: int, state: ContributionState, reason: str = "") -> None:
        """End a contribution."""
        await self._set(number, state=state, reason=reason, proposal={}, at=self._now)

    async def withdraw(self, number: int, person_id: str) -> bool:
        """Delete an undecided contribution for its author; return ``False`` if there is no such."""
        undecided = contribution.c.state.in_((*UNDECIDED, ContributionState.DRAFT))
        where = (contribution.c.number == number, contribution.c.person_id == person_id, undecided)
        return (await self._connection.execute(delete(contribution).where(*where))).rowcount == 1

    async def drop(self, number: int) -> None:
        """Delete an editor's own entry that was not published."""
        await self._connection.execute(delete(contribution).where(contribution.c.number == number))

    async def forget(self, older_than: timedelta) -> int:
        """Delete contributions past their period, and drafts that were left; return how many."""
        old = delete(contribution).where(contribution.c.at < self._now - older_than)
        gone = (await self._connection.execute(old)).rowcount
        return gone + await self._delete_drafts(contribution.c.at < self._now - DRAFTS_LAST)

    async def _delete_drafts(self, which: Any) -> int:
        where = (which, contribution.c.state == ContributionState.DRAFT)
        return (await self._connection.execute(delete(contribution).where(*where))).rowcount

    async def _set(self, number: int, **values: Any) -> None:
        await self._connection.execute(update(contribution).where(contribution.c.number == number).values(**values))

    async def _rows(self, *where: Any, limit: int = 20) -> list[Contribution]:
        statement = select(contribution).where(*where).order_by(contribution.c.number).limit(limit)
        return [
            Contribution(
                row.number,
                row.person_id,
                row.kind,
                row.record,
                ContributionState(row.state),
                row.said,
                row.proposal,
                row.language,
                row.at,
            )
            for row in await self._connection.execute(statement)
        ]
