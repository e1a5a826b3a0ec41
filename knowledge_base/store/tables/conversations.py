"""People, their accounts, and what goes on in their conversations."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    String,
    Table,
    Text,
)

from knowledge_base.store.tables.base import metadata
from knowledge_base.store.types import JsonDocument, UtcDateTime

person = Table(
    "person",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("language", String(2)),  # chosen by the person
    Column("last_language", String(2)),  # of their last question
    Column("created_at", UtcDateTime, nullable=False),
)

account = Table(
    "account",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("user_id", String(255), primary_key=True),
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("conversation", String(255)),  # the private conversation with this account, once there is one
    Column("public_name", String(32)),  # "@name" without the @; kept only when it may be needed
    Column("active", Boolean, nullable=False),  # False: unreachable (blocked, left) until they write again
    Column("first_seen", UtcDateTime, nullable=False),
)

chat_context = Table(  # what the last question of a person in a conversation was, for follow-ups
    "chat_context",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("conversation", String(255), primary_key=True),
    Column("thread", String(255), primary_key=True),
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("query", JsonDocument),  # what was asked, as the search understood it
    Column("answer_id", String(32)),
    Column("awaits", Text),  # the command that the next plain text completes: we asked for it
    Column("choices", JsonDocument, nullable=False),  # the commands behind the numbers 1, 2, … last shown
    Column("at", UtcDateTime, nullable=False),
)

button = Table(  # what a button does, behind the random handle that is all a network learns of it
    "button",
    metadata,
    Column("handle", String(32), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("conversation", String(255), nullable=False),
    Column("thread", String(255), nullable=False),
    Column("person_id", String(32), ForeignKey("person.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("command", Text, nullable=False),
    Column("answer_id", String(32), nullable=False),  # of the message that it stands under
    Column("expires_at", UtcDateTime, nullable=False, index=True),
    Column("claimed_by", String(255)),  # the event id of the press that counts
)

room_setting = Table(  # how the bot behaves in a room, as its admins set it
    "room_setting",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("conversation", String(255), primary_key=True),
    Column("mention_needed", Boolean, nullable=False),
    Column("threads", Boolean, nullable=False),
    Column("language", String(2)),
)

permit = Table(  # groups in which an admin allowed the bot to work
    "permit",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("conversation", String(255), primary_key=True),
    Column("granted_by", String(255), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
