"""The consent ledger: person, purpose, wording, time and act of each consent. Append-only.

The database itself refuses to change or delete entries (triggers). Retention, erasure and the merging of two persons
open it for their transaction (``unlocked``); even then only the person of an entry can change.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import RowMapping, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.key_values import Facts
from knowledge_base.store.tables import consent

KEY = "consents unlocked"  # fact that the triggers look for; never outlives its transaction


class ConsentAction(StrEnum):
    """The statement of an entry."""

    INFORMED = "informed"  # a notice was shown
    GIVEN = "given"
    WITHDRAWN = "withdrawn"  # by the person
    ENDED = "ended"  # its purpose was reached or no longer exists


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentEntry:
    """One line of the ledger. ``text_hash`` is ``hash_of`` the text exactly as it was shown."""

    subject: str  # person id
    purpose: str
    what: ConsentAction
    wording: str = ""  # key, language and version of the text
    text_hash: str = ""
    channel: str = ""
    event_id: str = ""
    method: str = "command"
    at: datetime | None = None  # on reading: the time of the transaction that stored it


def hash_of(text: str) -> str:
    """Return the ledger's hash of a text that was shown."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Consents:
    """The ledger."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, entry: ConsentEntry) -> None:
        """Append an entry with the time of this transaction."""
        await self._connection.execute(insert(consent).values(**asdict(entry) | {"at": self._now}))

    async def last(self, subject: str, purpose: str) -> ConsentEntry | None:
        """Return the last entry about a purpose."""
        where = (consent.c.subject == subject, consent.c.purpose == purpose)
        statement = select(consent).where(*where).order_by(consent.c.number.desc()).limit(1)
        row = (await self._connection.execute(statement)).mappings().first()
        return _entry(row) if row else None

    async def holds(self, subject: str, purpose: str) -> bool:
        """Return whether a consent was given and neither withdrawn nor ended."""
        last = await self.last(subject, purpose)
        return last is not None and last.what is ConsentAction.GIVEN

    async def standing(self, subject: str) -> list[ConsentEntry]:
        """Return the last entry about every purpose of a person."""
        return list({entry.purpose: entry for entry in await self.of(subject)}.values())

    async def of(self, subject: str) -> list[ConsentEntry]:
        """Return all entries of a person, in order."""
        statement = select(consent).where(consent.c.subject == subject).order_by(consent.c.number)
        return [_entry(row) for row in (await self._connection.execute(statement)).mappings()]

    async def forget(self, older_than: timedelta) -> int:
        """Delete the proof of consents that ended before the period; return the number of rows."""
        newest = select(func.max(consent.c.number)).group_by(consent.c.subject, consent.c.purpose)
        over = consent.alias("over")
        past = select(1).where(
            over.c.number.in_(newest),
            over.c.subject == consent.c.subject,
            over.c.purpose == consent.c.purpose,
            over.c.what.in_((ConsentAction.WITHDRAWN, ConsentAction.ENDED)),
            over.c.at < self._now - older_than,
        )
        async with unlocked(self._connection):
            return (await self._connection.execute(delete(consent).where(past.exists()))).rowcount


@asynccontextmanager
async def unlocked(connection: AsyncConnection) -> AsyncIterator[None]:
    """Let entries be deleted, or given to another person, inside this block."""
    facts = Facts(connection)
    await facts.put(KEY, True)
    yield
    await facts.drop(KEY)


def _entry(row: RowMapping) -> ConsentEntry:
    values = {str(name): value for name, value in row.items() if name != "number"}
    return ConsentEntry(**values | {"what": ConsentAction(row["what"])})
