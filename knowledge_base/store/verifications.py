"""Pending codes to mail addresses: at most one for each person; the database holds only a keyed hash of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import verification
from knowledge_base.store.upsert import insert_into


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """A code that was sent, or only seems to have been: then ``code_hash`` is empty and nothing matches it."""

    person_id: str
    address: str
    municipality: str  # id of the record that the address proves; empty: a contact's without one
    code_hash: str
    expires_at: datetime


class Verifications:
    """The pending codes."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def start(
        self, person_id: str, address: str, municipality: str, code_hash: str, *, lasting: timedelta
    ) -> None:
        """Store a new code for a person; an earlier one becomes void."""
        begun = Verification(
            person_id=person_id, address=address, municipality=municipality, code_hash=code_hash,
            expires_at=self._now + lasting,
        )  # fmt: skip
        statement = insert_into(self._connection, verification).values(**asdict(begun))
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["person_id"], set_=asdict(begun))
        )

    async def get(self, person_id: str) -> Verification | None:
        """Return the code that a person may still enter."""
        where = (verification.c.person_id == person_id, verification.c.expires_at > self._now)
        row = (await self._connection.execute(select(verification).where(*where))).first()
        return Verification(**{column.name: getattr(row, column.name) for column in verification.c}) if row else None

    async def end(self, person_id: str) -> None:
        """End a code: it is used, or void."""
        await self._connection.execute(delete(verification).where(verification.c.person_id == person_id))

    async def forget(self) -> int:
        """Delete codes past their time."""
        over = delete(verification).where(verification.c.expires_at < self._now)
        return (await self._connection.execute(over)).rowcount
