"""What people told about themselves, what they agreed to, which people they blocked."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
)

from knowledge_base.store.tables.base import metadata
from knowledge_base.store.types import UtcDateTime

profile = Table(  # one row for each person who told something
    "profile",
    metadata,
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("municipality", String(200), nullable=False),  # id of its record; empty: not told
    Column("verified_at", UtcDateTime),  # when the person proved to belong to that municipality
    Column("verified_address", String(320), nullable=False),  # by this mail address
    Column("prefers", String(16), nullable=False),  # channel; empty: nobody chose
    Column("phone", String(60), nullable=False),
    Column("paused_until", UtcDateTime),  # no introductions before
    Column("refuses", Boolean, nullable=False),  # never introduce
)

verification = Table(  # a code under way; at most one for each person
    "verification",
    metadata,
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("address", String(320), nullable=False),
    Column("municipality", String(200), nullable=False),  # that the address would prove
    Column("code_hash", String(64), nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
)

consent = Table(  # append-only: triggers refuse every change but those of retention, erasure and merging
    "consent",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("subject", String(32), nullable=False),  # person id
    Column("purpose", String(80), nullable=False),  # "notice", "digest", "introduction:ID" …
    Column("what", String(10), nullable=False),  # informed | given | withdrawn | ended
    Column("wording", String(120), nullable=False),  # key, language and version of the text that was shown
    Column("text_hash", String(64), nullable=False),  # of the text exactly as it was shown
    Column("channel", String(16), nullable=False),
    Column("event_id", String(255), nullable=False),  # of what the person did; empty: nothing (they were informed)
    Column("method", String(16), nullable=False),  # command | button | page | mail
    Column("at", UtcDateTime, nullable=False, index=True),
    Index("ix_consent_subject_purpose", "subject", "purpose"),
)

block = Table(  # who never asks whom again: keyed hashes only, of every identity of both
    "block",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
)

tally = Table(  # how often somebody did something: keyed hashes, so that erasing and coming back resets nothing
    "tally",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("what", String(40), nullable=False),
    Column("hash", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Index("ix_tally_what_hash_at", "what", "hash", "at"),
)

contact_notice = Table(  # whether an imported contact knows of it (Art. 14 GDPR)
    "contact_notice",
    metadata,
    Column("contact_id", String(200), primary_key=True),  # id of its record
    Column("since", UtcDateTime, nullable=False),  # when it was first seen
    Column("told_at", UtcDateTime),
    Column("warned_at", UtcDateTime),  # admins were
    Column("hidden_at", UtcDateTime),
)
