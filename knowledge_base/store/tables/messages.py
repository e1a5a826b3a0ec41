"""What came in and what goes out."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from knowledge_base.store.tables.base import metadata
from knowledge_base.store.types import JsonDocument, UtcDateTime

inbox = Table(
    "inbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("channel", String(16), nullable=False),
    Column("event_id", String(255), nullable=False),
    Column("conversation", String(255), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("payload", JsonDocument),  # the message; wiped when it is no longer needed
    Column("state", String(12), nullable=False),  # new | early | done | asked | limited | quarantined
    Column("attempts", Integer, nullable=False),
    Column("owner", String(32)),  # the process that works on it; counts as long as that process lives
    Column("claimed_at", UtcDateTime),
    Column("received_at", UtcDateTime, nullable=False),
    Column("handled_at", UtcDateTime),
    UniqueConstraint("channel", "event_id"),
    Index("ix_inbox_state_seq", "state", "seq"),
    Index("ix_inbox_channel_user_id_received_at", "channel", "user_id", "received_at"),
)

cursor = Table(  # how far a channel has read its network
    "cursor",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("value", Text, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),  # order within a conversation
    Column("id", String(32), nullable=False, unique=True),  # also the transaction id towards the network
    Column("key", String(255), unique=True),  # what may be said only once
    Column("channel", String(16), nullable=False),
    Column("conversation", String(255), nullable=False),
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), index=True),
    Column("urgency", Integer, nullable=False),  # 0 answer, 1 notice, 2 bulk
    Column("payload", JsonDocument),  # wiped when sent
    Column("state", String(8), nullable=False),  # new | leased | sent | unclear | held | dead
    Column("attempts", Integer, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("owner", String(32)),  # the process that sends it; counts as long as that process leads the account
    Column("claimed_at", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("remote_id", String(255), index=True),  # the network's id of the message sent
    Column("error", Text),
    Column("trace", String(64)),  # where the network would have it, if an attempt arrived of which nobody knows
    Index("ix_outbox_state_urgency_seq", "state", "urgency", "seq"),
    Index("ix_outbox_channel_conversation_state", "channel", "conversation", "state"),
)
