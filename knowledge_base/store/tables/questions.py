"""Questions that were passed on, and what of their answers editors may read."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table

from knowledge_base.store.tables.base import metadata
from knowledge_base.store.types import JsonDocument, UtcDateTime

open_question = Table(  # who wants to hear of an unanswered question; gone with either, and when it is dealt with
    "open_question",
    metadata,
    Column("number", Integer, ForeignKey("unanswered.number", ondelete="CASCADE"), primary_key=True),
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True),
    Column("question", String(500), nullable=False),  # exactly as the person saw it before they agreed
    Column("language", String(2), nullable=False),
    Column("topics", JsonDocument, nullable=False),  # topic ids
    Column("audience", String(8), nullable=False),  # draft | editors | all
    Column("answers", Integer, nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),  # shown to them as a draft, or passed on
)

offered_answer = (
    Table(  # to a question that was passed on, whose author lets editors make an entry of it; gone with both
        "offered_answer",
        metadata,
        Column("id", String(32), primary_key=True),  # the outbox id of the message to its author
        Column("question", Integer, ForeignKey("unanswered.number", ondelete="CASCADE"), nullable=False, index=True),
        Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
        Column("text", String(500), nullable=False),  # exactly as its author saw it before they agreed
        Column("agreed", Boolean, nullable=False),  # nobody reads it before
        Column("at", UtcDateTime, nullable=False, index=True),
    )
)
