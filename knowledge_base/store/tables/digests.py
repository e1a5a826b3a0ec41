"""Who wants a weekly digest of what, and which ones they got."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table

from knowledge_base.store.tables.base import metadata
from knowledge_base.store.types import JsonDocument, UtcDateTime

subscription = Table(
    "subscription",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), unique=True),  # null: a room's
    Column("channel", String(16), nullable=False),
    Column("conversation", String(320)),  # a room, or a confirmed mail address; null: the person's private chat
    Column("topics", JsonDocument, nullable=False),  # topic ids; none: everything
    Column(
        "region", JsonDocument, nullable=False
    ),  # "near:", "near:NAME", "place:NAME", "state:NAME"; none: everywhere
    Column("weekday", Integer, nullable=False),  # 0 … 6
    Column("hour", Integer, nullable=False),  # 0 … 23, local time
    Column("language", String(2)),  # null: the one that the person is answered in
    Column("sign_of_life", Boolean, nullable=False),  # wants to hear, too, that nothing is new
    Column("state", String(8), nullable=False),  # on | off
    Column("since", UtcDateTime, nullable=False),
    Column("paused_until", UtcDateTime),
    Column("unopened", JsonDocument, nullable=False),  # topic id -> digests in a row of which nothing on it was opened
    Column("changed_at", UtcDateTime, nullable=False),
    Column("next_due_at", UtcDateTime),  # no digest is due before; null: to be worked out at the next look
    Column("looked_at", UtcDateTime),  # when that was worked out; it says nothing of earlier times
    Index("ix_subscription_channel_conversation", "channel", "conversation"),
    Index("ix_subscription_state_id", "state", "id"),
    Index("ix_subscription_state_next_due_at", "state", "next_due_at"),
    Index("ix_subscription_state_looked_at", "state", "looked_at"),
)

digest_run = Table(  # the truth about a week: who has a row here gets nothing more in it
    "digest_run",
    metadata,
    Column("subscription_id", String(32), ForeignKey("subscription.id", ondelete="CASCADE"), primary_key=True),
    Column("week", String(8), primary_key=True),  # "2026-W48"
    Column("state", String(9), nullable=False),  # queued | sent | unclear | dead | empty | withdrawn
    Column("told", JsonDocument, nullable=False),  # keys of what it tells, in order
    Column("revision", BigInteger, nullable=False),  # of the knowledge, up to which it looked
    Column("message_id", String(32), index=True),  # in the outbox
    Column("at", UtcDateTime, nullable=False),
)

entry_feedback = Table(  # whether an entry was useful; shown as a count of five people at least
    "entry_feedback",
    metadata,
    Column("item", String(220), primary_key=True),
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("useful", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
