"""Towns without a contact: how often they were wanted, without names, and who wants to hear when that changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import town_wanted, town_wish
from knowledge_base.store.upsert import insert_into

FEWEST = 3  # people: fewer could be recognised
COUNTED_FOR = timedelta(days=365)


class Towns:
    """The counts and the wishes."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def count(self, municipality: str) -> None:
        """Count one more person who wanted a contact there; the caller counts each person once."""
        values = {"municipality": municipality, "month": f"{self._now:%Y-%m}", "times": 1}
        statement = insert_into(self._connection, town_wanted).values(**values)
        more = {"times": town_wanted.c.times + 1}
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["municipality", "month"], set_=more)
        )

    async def wanted(self) -> dict[str, int]:
        """Return the towns that enough people wanted within a year, with their number, the most wanted first."""
        times = func.sum(town_wanted.c.times)
        since = town_wanted.c.month >= f"{self._now - COUNTED_FOR:%Y-%m}"
        statement = select(town_wanted.c.municipality, times).where(since).group_by(town_wanted.c.municipality)
        statement = statement.having(times >= FEWEST).order_by(times.desc(), town_wanted.c.municipality)
        return {row[0]: int(row[1]) for row in await self._connection.execute(statement)}

    async def wish(self, municipality: str, person_id: str, *, lasting: timedelta) -> None:
        """Note that a person wants to hear when the town has a contact; a second wish lasts longer."""
        values = {"municipality": municipality, "person_id": person_id, "until": self._now + lasting}
        statement = insert_into(self._connection, town_wish).values(**values)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["municipality", "person_id"], set_=values)
        )

    async def wished(self) -> list[str]:
        """Return the towns that people wait for."""
        still = select(town_wish.c.municipality).where(town_wish.c.until > self._now).distinct()
        return sorted((await self._connection.execute(still)).scalars())

    async def waiting(self, municipality: str) -> list[str]:
        """Return the ids of the people who wait for a town."""
        where = (town_wish.c.municipality == municipality, town_wish.c.until > self._now)
        statement = select(town_wish.c.person_id).where(*where).order_by(town_wish.c.person_id)
        return list((await self._connection.execute(statement)).scalars())

    async def waits(self, municipality: str, person_id: str) -> bool:
        """Return whether a person waits for a town."""
        return person_id in await self.waiting(municipality)

    async def drop(self, municipality: str, person_id: str) -> bool:
        """End a wish; return ``False`` if there is no such wish."""
        where = (town_wish.c.municipality == municipality, town_wish.c.person_id == person_id)
        return (await self._connection.execute(delete(town_wish).where(*where))).rowcount == 1

    async def over(self) -> list[tuple[str, str]]:
        """Return the wishes past their end date: town and person."""
        rows = await self._connection.execute(select(town_wish).where(town_wish.c.until <= self._now))
        return [(row.municipality, row.person_id) for row in rows]

    async def forget(self) -> int:
        """Delete counts past their period."""
        old = delete(town_wanted).where(town_wanted.c.month < f"{self._now - COUNTED_FOR:%Y-%m}")
        return (await self._connection.execute(old)).rowcount
