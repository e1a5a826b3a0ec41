"""Everything that is stored about one person, for that person alone (Art. 15 and 20 GDPR).

Found by the foreign keys that name persons; a test proves that every such table is either shown here or named as left
out. It holds nothing about other people: neither the other side of an introduction, nor their texts and shared data.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.codec import to_body
from knowledge_base.store.consents import Consents
from knowledge_base.store.contacts import Contacts
from knowledge_base.store.tables import (
    account,
    chat_context,
    claim,
    consent,
    contribution,
    entry_feedback,
    feedback,
    introduction,
    metadata,
    offered_answer,
    open_question,
    outbox,
    person,
    profile,
    record_edit,
    subscription,
    town_wish,
    verification,
)

Data = dict[str, list[dict[str, Any]]]

WORKED_OUT = ("id", "person_id", "next_due_at", "looked_at")  # keys, and what follows from the columns shown

# table -> the columns shown; the column that names the person selects the rows
SHOWN: Mapping[str, tuple[str, ...]] = {
    person.name: ("language", "last_language", "created_at"),
    account.name: ("channel", "user_id", "conversation", "public_name", "active", "first_seen"),
    profile.name: (
        "name",
        "municipality",
        "verified_at",
        "verified_address",
        "prefers",
        "phone",
        "paused_until",
        "refuses",
    ),
    verification.name: ("expires_at",),  # behind a link of a mail it is an address that they never typed
    chat_context.name: ("channel", "conversation", "query", "at"),
    feedback.name: ("answer_id", "useful", "at"),
    entry_feedback.name: ("item", "useful", "at"),
    subscription.name: tuple(column.name for column in subscription.c if column.name not in WORKED_OUT),
    open_question.name: ("number", "question", "audience", "answers", "at"),
    offered_answer.name: ("question", "text", "agreed", "at"),
    contribution.name: ("number", "kind", "record", "state", "said", "reason", "at"),
    record_edit.name: ("kind", "id", "what", "fields", "at"),
    claim.name: ("address", "municipality", "role", "projects", "topics", "deputy", "at"),
    town_wish.name: ("municipality", "until"),
    outbox.name: ("channel", "conversation", "state", "created_at", "finished_at"),
}
ASKED = ("code", "project", "question", "state", "outcome", "created_at", "asker_shares")
ANSWERED = ("code", "project", "state", "outcome", "created_at", "contact_shares")

LEFT_OUT: Mapping[str, str] = {
    "button": "random handles of buttons, for two days",
    "page": "hashes of one-time links, for two weeks",
}
BY_SIDE = "introduction"  # shown by side, see below


async def own_data(connection: AsyncConnection, now: datetime, person_id: str) -> Data:
    """Return rows by table name, JSON values only; consents and the contact records held come last."""
    data: Data = {}
    for table in metadata.sorted_tables:
        if table.name in SHOWN:
            owner = table.c.id if table is person else table.c.person_id
            columns = [table.c[name] for name in SHOWN[table.name]]
            rows = await _rows(connection, select(*columns).where(owner == person_id))
            # a question is stored twice: for the next one in its place, and for replies to its answer
            data[table.name] = [row for n, row in enumerate(rows) if table is not chat_context or row not in rows[:n]]
    data |= await _introductions(connection, person_id)
    data[consent.name] = [
        {
            "purpose": entry.purpose,
            "what": entry.what,
            "wording": entry.wording,
            "channel": entry.channel,
            "at": _json(entry.at),
        }
        for entry in await Consents(connection, now).of(person_id)
    ]
    data["contact"] = [dict(to_body(contact)) for contact in await Contacts(connection, now).held_by(person_id)]
    return {name: rows for name, rows in data.items() if rows}


async def _introductions(connection: AsyncConnection, person_id: str) -> Data:
    asked = select(*(introduction.c[name] for name in ASKED)).where(introduction.c.asker == person_id)
    answered = select(*(introduction.c[name] for name in ANSWERED)).where(introduction.c.contact_person == person_id)
    return {
        "introductions_asked": await _rows(connection, asked),
        "introductions_answered": await _rows(connection, answered),
    }


async def _rows(connection: AsyncConnection, statement: Any) -> list[dict[str, Any]]:
    return [
        {str(name): _json(value) for name, value in row.items() if value not in (None, "")}
        for row in (await connection.execute(statement)).mappings()
    ]


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
