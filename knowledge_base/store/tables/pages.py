"""One-time links to our own pages."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, String, Table

from knowledge_base.store.tables.base import metadata
from knowledge_base.store.types import JsonDocument, UtcDateTime

page = Table(  # what a link stands for; the link itself is in the message alone, its hash here
    "page",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("kind", String(16), nullable=False),  # which page: the path before the token
    Column(
        "subject", String(64), nullable=False
    ),  # what it is about: an introduction's id, or what to unsubscribe from
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("language", String(2), nullable=False),
    Column("content", JsonDocument),  # a text to be read there alone; wiped when the page is over
    Column("veiled", Boolean, nullable=False),  # shows nothing until somebody presses "show"
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("used_at", UtcDateTime),
    Index("ix_page_kind_subject", "kind", "subject"),
)
