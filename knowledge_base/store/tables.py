"""Every table. ``knowledge_base/migrations`` builds the same ones step by step; a test proves that they agree.

Records are JSON documents: imports, editors and exports treat all kinds alike, and the search reads them into memory.
What SQL has to find by (keys, states, times) are columns.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from knowledge_base.store.types import JsonDocument, UtcDateTime

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# --- knowledge ------------------------------------------------------------------------------------------------------

record = Table(
    "record",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("id", String(200), primary_key=True),
    Column("body", JsonDocument, nullable=False),  # what is shown: the imported body with the editors' changes
    Column("imported", JsonDocument),  # the body as last imported; null: made by an editor
    Column("digest", String(64), nullable=False),  # of body
    Column("imported_digest", String(64)),  # of imported: tells an import at once that nothing changed
    Column("source", Text, nullable=False),  # where it came from: "bundle", a file's name, "editor"
    Column("revision", BigInteger, nullable=False, index=True),  # of the knowledge, when this row last changed
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("edited_at", UtcDateTime),
    Column("removed_at", UtcDateTime),
    Index("ix_record_source_kind_id", "source", "kind", "id"),  # pages of what a source brought
)

record_change = Table(
    "record_change",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("revision", BigInteger, nullable=False, index=True),
    Column("kind", String(16), nullable=False),
    Column("id", String(200), nullable=False),
    Column("what", String(8), nullable=False),  # added | changed | removed
    Column("fields", JsonDocument, nullable=False),  # names of the fields that changed
    Column("at", UtcDateTime, nullable=False, index=True),
)

import_run = Table(
    "import_run",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("source", Text, nullable=False),
    Column("state", String(8), nullable=False),  # staging | done | failed
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
)

import_row = Table(
    "import_row",
    metadata,
    Column("run_id", String(32), ForeignKey("import_run.id", ondelete="CASCADE"), primary_key=True),
    Column("kind", String(16), primary_key=True),
    Column("id", String(200), primary_key=True),
    Column("line", Integer, nullable=False),
    Column(
        "what", String(8), nullable=False
    ),  # added | changed | noted (behind edits) | removed; nothing else is staged
    Column("body", JsonDocument, nullable=False),  # to show: merged with the editors' changes
    Column("digest", String(64), nullable=False),  # of body
    Column("imported", JsonDocument),  # as the file holds it; null: the same as body
    Column("imported_digest", String(64), nullable=False),
    Column("fields", JsonDocument, nullable=False),  # names of the fields that change
    Column("based_on", BigInteger),  # revision of the record it was compared with; null: there was none
)

vector = Table(
    "vector",
    metadata,
    Column("fingerprint", String(120), primary_key=True),
    Column("text_hash", LargeBinary(16), primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

fact = Table(  # single values: the revision of the knowledge, the bundle's digest, the index's model …
    "fact",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("value", JsonDocument, nullable=False),
)

# --- people and conversations ---------------------------------------------------------------------------------------

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

permit = Table(  # groups in which an admin allowed the bot to work
    "permit",
    metadata,
    Column("channel", String(16), primary_key=True),
    Column("conversation", String(255), primary_key=True),
    Column("granted_by", String(255), nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

inbox = Table(
    "inbox",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("channel", String(16), nullable=False),
    Column("event_id", String(255), nullable=False),
    Column("conversation", String(255), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("payload", JsonDocument),  # the message; wiped when it is no longer needed
    Column("state", String(12), nullable=False),  # new | done | quarantined
    Column("attempts", Integer, nullable=False),
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
    Column("lease_until", UtcDateTime),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("remote_id", String(255), index=True),  # the network's id of the message sent
    Column("error", Text),
    Column("trace", String(64)),  # where the network would have it, if an attempt arrived of which nobody knows
    Index("ix_outbox_state_urgency_seq", "state", "urgency", "seq"),
    Index("ix_outbox_channel_conversation_state", "channel", "conversation", "state"),
)

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
)
