"""Every table. ``knowledge_base/migrations`` builds the same ones step by step; a test proves that they agree."""

from knowledge_base.store.tables.answers import answer, feedback, unanswered
from knowledge_base.store.tables.base import metadata
from knowledge_base.store.tables.conversations import account, button, chat_context, permit, person
from knowledge_base.store.tables.knowledge import fact, import_row, import_run, record, record_change, vector
from knowledge_base.store.tables.messages import cursor, inbox, outbox

__all__ = [
    "account",
    "answer",
    "button",
    "chat_context",
    "cursor",
    "fact",
    "feedback",
    "import_row",
    "import_run",
    "inbox",
    "metadata",
    "outbox",
    "permit",
    "person",
    "record",
    "record_change",
    "unanswered",
    "vector",
]
