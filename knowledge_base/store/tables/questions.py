"""Questions that were passed on, what of their answers editors may read, and contributions to the knowledge."""

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

contribution = Table(  # what somebody says about a record, or of a project that is missing: editors decide about it
    "contribution",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), index=True),  # null: from a source
    Column("kind", String(8), nullable=False),  # wrong | new
    Column("record", String(200), nullable=False),  # id of the project that is meant; "" for a new one
    Column("state", String(8), nullable=False, index=True),  # draft | editing | waiting | taken | rejected
    Column("said", JsonDocument, nullable=False),  # what | where | status | link | office -> text, as it was agreed to
    Column("proposal", JsonDocument, nullable=False),  # field -> value: what editors make of it
    Column("language", String(2), nullable=False),
    Column("reason", String(500), nullable=False),  # of a decline
    Column("at", UtcDateTime, nullable=False, index=True),  # of the last step
)
