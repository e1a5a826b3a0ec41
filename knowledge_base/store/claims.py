"""Claims of people to be responsible in their municipality, which wait for an editor."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import claim


@dataclass(frozen=True, slots=True, kw_only=True)
class NewClaim:
    """What a person agreed to publish about their role."""

    person_id: str
    address: str  # office mailbox that they proved
    municipality: str  # id
    role: str
    projects: tuple[str, ...] = ()  # ids
    topics: tuple[str, ...] = ()  # ids
    deputy: str = ""  # office mailbox
    language: str = "de"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(NewClaim):
    """A claim that waits."""

    number: int
    at: datetime


class Claims:
    """All claims that wait."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, new: NewClaim) -> Claim:
        """Store a claim; an earlier one of this person for the same municipality is replaced."""
        same = (claim.c.person_id == new.person_id, claim.c.municipality == new.municipality)
        await self._connection.execute(delete(claim).where(*same))
        values = asdict(new) | {"projects": list(new.projects), "topics": list(new.topics), "at": self._now}
        row = (await self._connection.execute(insert(claim).values(**values).returning(claim))).one()
        return _claim(row)

    async def get(self, number: int) -> Claim | None:
        """Return a claim that waits."""
        row = (await self._connection.execute(select(claim).where(claim.c.number == number))).first()
        return _claim(row) if row else None

    async def all(self) -> list[Claim]:
        """Return the claims that wait, the oldest first."""
        return [_claim(row) for row in await self._connection.execute(select(claim).order_by(claim.c.number))]

    async def of(self, person_id: str) -> list[Claim]:
        """Return the claims of a person."""
        rows = await self._connection.execute(select(claim).where(claim.c.person_id == person_id))
        return [_claim(row) for row in rows]

    async def drop(self, number: int) -> bool:
        """Delete a claim; return ``False`` if there is no such claim."""
        return (await self._connection.execute(delete(claim).where(claim.c.number == number))).rowcount == 1


def _claim(row: Row[Any]) -> Claim:
    values = {name: getattr(row, name) for name in Claim.__dataclass_fields__}
    return Claim(**values | {"projects": tuple(row.projects), "topics": tuple(row.topics)})
