"""Every table. ``knowledge_base/migrations`` builds the same ones step by step; a test proves that they agree."""

from knowledge_base.store.tables.answers import answer, feedback, unanswered
from knowledge_base.store.tables.base import metadata
from knowledge_base.store.tables.conversations import account, button, chat_context, permit, person, room_setting
from knowledge_base.store.tables.digests import digest_run, entry_feedback, subscription
from knowledge_base.store.tables.introductions import introduction, introduction_count, introduction_request
from knowledge_base.store.tables.knowledge import (
    fact,
    import_row,
    import_run,
    record,
    record_change,
    record_edit,
    translation,
    vector,
)
from knowledge_base.store.tables.messages import cursor, inbox, outbox
from knowledge_base.store.tables.pages import page
from knowledge_base.store.tables.people import block, consent, contact_notice, profile, tally, verification
from knowledge_base.store.tables.processes import leader, process
from knowledge_base.store.tables.questions import contribution, offered_answer, open_question
from knowledge_base.store.tables.towns import claim, contact_check, town_wanted, town_wish

__all__ = [
    "account",
    "answer",
    "block",
    "button",
    "chat_context",
    "claim",
    "consent",
    "contact_check",
    "contact_notice",
    "contribution",
    "cursor",
    "digest_run",
    "entry_feedback",
    "fact",
    "feedback",
    "import_row",
    "import_run",
    "inbox",
    "introduction",
    "introduction_count",
    "introduction_request",
    "leader",
    "metadata",
    "offered_answer",
    "open_question",
    "outbox",
    "page",
    "permit",
    "person",
    "process",
    "profile",
    "record",
    "record_change",
    "record_edit",
    "room_setting",
    "subscription",
    "tally",
    "town_wanted",
    "town_wish",
    "translation",
    "unanswered",
    "vector",
    "verification",
]
