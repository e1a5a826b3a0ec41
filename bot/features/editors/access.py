"""Which record a user means, and whether they may change it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.channels.policy import DataClass, may_pass
from bot.commands import parse
from bot.commands.command import number_of
from bot.commands.search import PROJECT, Show
from bot.context import Services, Turn
from bot.features.editors import fields
from bot.features.own_records import author_of
from bot.features.reach import chats_instead
from bot.features.talk import numbered
from bot.messages import Say
from knowledge_base.model import Contact, Project, RecordKind
from knowledge_base.store.edits import EDITOR, TOWN
from knowledge_base.store.records import StoredRecord
from knowledge_base.store.transaction import Transaction

ONLY = Say("editors_only")


@dataclass(frozen=True, slots=True)
class Editing:
    """A record that a user may change, as what they do it, and the fields that they may set."""

    stored: StoredRecord
    author: str
    fields: tuple[str, ...]


def id_of(turn: Turn, record: str) -> str:
    """Return the id that a user means: "=ID" an id, a number a hit of the last list, anything else an id."""
    if record.startswith("="):
        return record[1:]
    shown = numbered(turn.context)
    number = number_of(record)
    hit = parse(shown[number - 1]) if 1 <= number <= len(shown) else None
    return hit.entry.removeprefix(PROJECT) if isinstance(hit, Show) and hit.entry.startswith(PROJECT) else record


async def editable(tx: Transaction, turn: Turn, record_id: str, services: Services) -> Editing | Say:
    """Return the project or contact that a user may change here; or what to say if there is none."""
    stored = await tx.records.get(RecordKind.PROJECT, record_id)
    if stored is not None and isinstance(stored.record, Project):
        author = await author_of(tx, turn, stored.record, services)
        return Editing(stored, author, fields.OF_TOWN if author == TOWN else fields.OF_PROJECT) if author else ONLY
    if not turn.editor:
        return ONLY
    stored = await tx.records.get(RecordKind.CONTACT, record_id)
    if stored is None or not isinstance(stored.record, Contact):
        return Say("edit.not_found", {"id": record_id})
    channel = turn.inbound.address.channel
    if not (turn.inbound.private and may_pass(channel, DataClass.CONTACT_DATUM, services.settings)):
        return Say("edit.contact_elsewhere", {"instead": chats_instead(services.settings)})
    return Editing(stored, EDITOR, fields.OF_CONTACT)
