"""The report after a data breach: the people affected and the kinds of their data (Art. 33, 34 GDPR).

It is for the operator's command line only; no chat shows any of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import account, introduction, open_question, outbox, person, profile, subscription

KINDS: Mapping[str, tuple[ColumnElement[str], ColumnElement[bool] | None]] = {  # kind → person, rows
    "told name, municipality or phone": (profile.c.person_id, None),
    "confirmed a mailbox": (profile.c.person_id, profile.c.verified_address != ""),
    "asked to be introduced": (introduction.c.asker, None),
    "was asked for an introduction": (introduction.c.contact_person, None),
    "gets the digest": (subscription.c.person_id, None),
    "passed on a question": (open_question.c.person_id, None),
    "message waits": (outbox.c.person_id, outbox.c.payload.is_not(None)),
}


@dataclass(frozen=True, slots=True)
class Affected:
    """One account, and the kinds of data stored about its person."""

    channel: str
    user_id: str
    kinds: tuple[str, ...]


async def affected(connection: AsyncConnection, until: datetime) -> list[Affected]:
    """Return every account of the people known at that time, by network and id."""
    kinds: dict[str, list[str]] = {}
    for kind, (owner, condition) in KINDS.items():
        statement = select(owner).distinct() if condition is None else select(owner).where(condition).distinct()
        for person_id in (await connection.execute(statement)).scalars():
            kinds.setdefault(person_id, []).append(kind)
    by_then = or_(person.c.created_at <= until, account.c.first_seen <= until)  # persons may have been separated since
    known = select(account.c.channel, account.c.user_id, account.c.person_id).join(person).where(by_then)
    rows = await connection.execute(known.order_by(account.c.channel, account.c.user_id))
    return [Affected(row.channel, row.user_id, tuple(kinds.get(row.person_id, ()))) for row in rows]
