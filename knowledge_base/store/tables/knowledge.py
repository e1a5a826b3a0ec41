"""Records, their imports and changes, vectors, single values.

Records are JSON documents: imports, editors and exports treat all kinds alike, and the search reads them into memory.
What SQL has to find by (keys, states, times) are columns.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from knowledge_base.store.tables.base import metadata
from knowledge_base.store.types import JsonDocument, UtcDateTime

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

record_edit = Table(  # what editors changed, with the values before and after: to see, and to take it back
    "record_edit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("revision", BigInteger, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("id", String(200), nullable=False),
    Column("what", String(8), nullable=False),  # added | changed | removed
    Column("fields", JsonDocument, nullable=False),  # names of the fields that changed
    Column("before", JsonDocument, nullable=False),  # field -> value; personal fields of contacts are left out
    Column("after", JsonDocument, nullable=False),
    Column("person_id", String(32), ForeignKey("person.id", ondelete="SET NULL"), index=True),  # who did it
    Column("author", String(8), nullable=False),  # editor | town
    Column("undoes", Integer),  # the number of the change that this one took back
    Column("at", UtcDateTime, nullable=False, index=True),
    Index("ix_record_edit_kind_id", "kind", "id"),
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

translation = Table(  # by machine
    "translation",
    metadata,
    Column("source", String(16), primary_key=True),
    Column("target", String(16), primary_key=True),
    Column("text_hash", LargeBinary(16), primary_key=True),
    Column("text", Text, nullable=False),
)

fact = Table(  # single values: the revision of the knowledge, the bundle's digest, the index's model …
    "fact",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("value", JsonDocument, nullable=False),
)
