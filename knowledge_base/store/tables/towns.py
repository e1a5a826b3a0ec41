"""Who claims to be responsible in a municipality, which towns are wanted, and which contacts do not answer."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table

from knowledge_base.store.tables.base import metadata
from knowledge_base.store.types import JsonDocument, UtcDateTime

claim = Table(  # agreed to, and waiting for an editor; afterwards it is a record of a contact, or gone
    "claim",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("address", String(254), nullable=False),  # office mailbox that the person proved
    Column("municipality", String(64), nullable=False),  # id
    Column("role", String(160), nullable=False),
    Column("projects", JsonDocument, nullable=False),  # ids
    Column("topics", JsonDocument, nullable=False),  # ids
    Column("deputy", String(254), nullable=False),  # office mailbox; empty: none named
    Column("language", String(2), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

town_wanted = Table(  # how often in a month people wanted a contact in a town that has none; nobody's name
    "town_wanted",
    metadata,
    Column("municipality", String(64), primary_key=True),
    Column("month", String(7), primary_key=True),  # "2026-11"
    Column("times", Integer, nullable=False),
)

town_wish = Table(  # who wants to hear, once, that a town has a contact
    "town_wish",
    metadata,
    Column("municipality", String(64), primary_key=True),
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("until", UtcDateTime, nullable=False),
)

contact_check = Table(  # of a role, not of a person: how many requests in a row expired, and what was asked since
    "contact_check",
    metadata,
    Column("contact_id", String(200), primary_key=True),
    Column("unanswered", Integer, nullable=False),
    Column("asked_at", UtcDateTime),  # whether the role is still theirs
    Column("hidden_at", UtcDateTime),
    Column("facts_asked_at", UtcDateTime),  # whether the facts of its projects are still true
)
