"""What was answered, and what could not be."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from knowledge_base.store.tables.base import metadata
from knowledge_base.store.types import JsonDocument, UtcDateTime

answer = Table(  # what an answer showed: for feedback and for "the second one"; no text of the question
    "answer",
    metadata,
    Column("id", String(32), primary_key=True),  # the outbox id
    Column("channel", String(16), nullable=False),
    Column("event_id", String(255), nullable=False),  # of the question: taking it back deletes this
    Column("sure", Boolean, nullable=False),
    Column("language", String(2), nullable=False),
    Column("shown", JsonDocument, nullable=False),
    Column("unanswered", Integer),  # the number of the question among the unanswered ones
    Column("at", UtcDateTime, nullable=False, index=True),
    UniqueConstraint("channel", "event_id"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("answer_id", String(32), ForeignKey("answer.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("useful", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

unanswered = Table(  # questions that found nothing sure; nobody's name beside them
    "unanswered",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("text", Text, nullable=False),  # e-mail addresses and phone numbers masked
    Column("folded", String(500), nullable=False, unique=True),  # the same question asked again is counted, not stored
    Column("language", String(2), nullable=False),
    Column("times", Integer, nullable=False),
    Column("first_at", UtcDateTime, nullable=False),
    Column("last_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("draft", JsonDocument),  # of the entry that editors make of it
)
