"""Introductions, the contacts they asked, and statistics of closed ones."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from knowledge_base.store.tables.base import metadata
from knowledge_base.store.types import JsonDocument, UtcDateTime

introduction = Table(  # ``knowledge_base.introductions.values.Introduction``
    "introduction",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("code", String(8), nullable=False, unique=True),
    Column("asker", String(32), ForeignKey("person.id", ondelete="SET NULL"), index=True),
    Column("contact", String(200), nullable=False),  # id of the contact's record
    Column("contact_person", String(32), ForeignKey("person.id", ondelete="SET NULL"), index=True),
    Column("project", String(200), nullable=False),
    Column("question", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("due_at", UtcDateTime, index=True),  # null: closed
    Column("state", String(12), nullable=False, index=True),
    Column("outcome", String(12)),
    Column("asker_shares", JsonDocument, nullable=False),  # wiped when closed
    Column("contact_shares", JsonDocument, nullable=False),  # wiped when closed
    Column("tried", JsonDocument, nullable=False),
    Column("round", Integer, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("ended_at", UtcDateTime),
    Column("forwarded", Boolean, nullable=False),
    Column("reminded", Boolean, nullable=False),
    Column("room", Boolean, nullable=False),
    Column("answered", JsonDocument, nullable=False),
    Column("posted", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)

introduction_request = Table(  # which contact is asked when: what a week's allowance is counted from
    "introduction_request",
    metadata,
    Column("introduction_id", String(32), ForeignKey("introduction.id", ondelete="CASCADE"), primary_key=True),
    Column("round", Integer, primary_key=True, autoincrement=False),
    Column("contact", String(200), nullable=False),
    Column("send_at", UtcDateTime, nullable=False),
    Index("ix_introduction_request_contact_send_at", "contact", "send_at"),
)

introduction_count = Table(  # how many of what in a month; nobody's name, and nothing that could lead to one
    "introduction_count",
    metadata,
    Column("month", String(7), primary_key=True),  # "2026-11"
    Column("what", String(24), primary_key=True),
    Column("times", Integer, nullable=False),
)
