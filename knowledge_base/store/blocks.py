"""Blocks between people, and counts for rate limits: kept as keyed hashes only.

A person is known here by all identities: their accounts, mail addresses included. So neither a new account with the
same address nor an erasure lifts a block or a limit. The database alone reveals no identity.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.postgresql import is_reading
from knowledge_base.store.secret import keyed_hash
from knowledge_base.store.tables import account, block, tally
from knowledge_base.store.upsert import insert_into


async def identities(connection: AsyncConnection, person_id: str) -> list[str]:
    """Return all identities of a person: ``channel:user id`` of each account."""
    rows = await connection.execute(
        select(account.c.channel, account.c.user_id).where(account.c.person_id == person_id)
    )
    return sorted(f"{channel}:{user}" for channel, user in rows)


class Blocks:
    """Pairs of people, one of them blocked by the other. ``secret`` is the installation's."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, secret: bytes, blocker: str, blocked: str) -> None:
        """Block all requests of the person ``blocked`` to the person ``blocker``."""
        for value in sorted(await self._hashes(secret, blocker, blocked)):
            statement = insert_into(self._connection, block).values(hash=value, at=self._now)
            await self._connection.execute(statement.on_conflict_do_nothing())

    async def has(self, secret: bytes, blocker: str, blocked: str) -> bool:
        """Return whether such a block exists, by any account of either person."""
        hashes = await self._hashes(secret, blocker, blocked)
        return await self._connection.scalar(select(block.c.hash).where(block.c.hash.in_(hashes)).limit(1)) is not None

    async def share(self, secret: bytes, person_id: str) -> None:
        """Apply the blocks of one account of a person, on either side, to each account, before a separation."""
        mine = await identities(self._connection, person_id)
        known = set((await self._connection.execute(select(block.c.hash))).scalars())
        rows = await self._connection.execute(select(account.c.channel, account.c.user_id)) if known else ()
        for other in {f"{channel}:{user}" for channel, user in rows}.difference(mine):
            for pairs in ([(own, other) for own in mine], [(other, own) for own in mine]):
                hashes = {_pair(secret, *pair) for pair in pairs}
                for value in sorted(hashes - known) if hashes & known else ():
                    statement = insert_into(self._connection, block).values(hash=value, at=self._now)
                    await self._connection.execute(statement.on_conflict_do_nothing())

    async def _hashes(self, secret: bytes, blocker: str, blocked: str) -> list[str]:
        theirs = await identities(self._connection, blocked)
        mine = await identities(self._connection, blocker)
        return [_pair(secret, own, other) for own in mine for other in theirs]


def _pair(secret: bytes, blocker: str, blocked: str) -> str:
    return keyed_hash(secret, "block", f"{blocker}\0{blocked}")


class Tallies:
    """Counts of events by identity; rows expire by themselves."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, secret: bytes, counter: str, subjects: Collection[str], *, lasting: timedelta) -> None:
        """Count once for each of these identities (``identities``, or any text)."""
        values = {"what": counter, "at": self._now, "expires_at": self._now + lasting}
        rows = [values | {"hash": keyed_hash(secret, f"tally {counter}", subject)} for subject in subjects]
        if rows:
            await self._connection.execute(insert(tally), rows)

    async def count(self, secret: bytes, counter: str, subjects: Collection[str], *, within: timedelta) -> int:
        """Return the highest count among these identities since a moment.

        In a transaction that writes, other transactions with the same counts wait: of two that ask whether one more is
        allowed, the second sees what the first added.
        """
        hashes = [keyed_hash(secret, f"tally {counter}", subject) for subject in subjects]
        if self._connection.dialect.name == "postgresql" and not is_reading(self._connection):
            for value in sorted(hashes):  # SQLite has one writer anyway
                await self._connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(value, 6))))
        where = (tally.c.what == counter, tally.c.hash.in_(hashes), tally.c.at > self._now - within)
        counts = select(func.count().label("times")).where(*where).group_by(tally.c.hash).subquery()
        return await self._connection.scalar(select(func.max(counts.c.times))) or 0

    async def add_different(
        self, secret: bytes, counter: str, subjects: Collection[str], things: Collection[str], *, lasting: timedelta
    ) -> None:
        """Count each of these things once for each identity, however often it is repeated in the period."""
        for subject in subjects:
            label = _label(secret, counter, subject)
            hashes = {keyed_hash(secret, f"tally {counter}", f"{subject}\0{thing}") for thing in things}
            where = (tally.c.what == label, tally.c.hash.in_(hashes), tally.c.at > self._now - lasting)
            known = set((await self._connection.execute(select(tally.c.hash).where(*where))).scalars())
            values = {"what": label, "at": self._now, "expires_at": self._now + lasting}
            if rows := [values | {"hash": new} for new in sorted(hashes - known)]:
                await self._connection.execute(insert(tally), rows)

    async def different(self, secret: bytes, counter: str, subjects: Collection[str], *, within: timedelta) -> int:
        """Return the number of different things counted lately, the highest among these identities."""
        labels = [_label(secret, counter, subject) for subject in subjects]
        where = (tally.c.what.in_(labels), tally.c.at > self._now - within)
        times = func.count(tally.c.hash.distinct()).label("times")
        counts = select(times).where(*where).group_by(tally.c.what).subquery()
        return await self._connection.scalar(select(func.max(counts.c.times))) or 0

    async def identities(self, person_id: str) -> list[str]:
        """Return the identities of a person."""
        return await identities(self._connection, person_id)

    async def forget(self) -> int:
        """Delete expired rows."""
        return (await self._connection.execute(delete(tally).where(tally.c.expires_at < self._now))).rowcount


def _label(secret: bytes, counter: str, subject: str) -> str:
    """Return the column value of a count and an identity: 128 bits of the keyed hash."""
    return f"{counter} {keyed_hash(secret, f'tally {counter}', subject)[:32]}"
