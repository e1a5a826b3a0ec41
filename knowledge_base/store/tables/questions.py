"""Questions that were passed on."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table

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
