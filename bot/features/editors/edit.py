"""Editors show and change records: a field is shown, set, or cleared after a question; every change says old → new.

edit ID FIELD -> shown · edit ID FIELD = VALUE -> checked, doubts asked about, changed · edit ID FIELD clear -> asked
Verified users of a municipality may do it with its projects, where a setting allows it; editors are told.
"""

from __future__ import annotations

from dataclasses import replace

from bot.commands.editing import Edit, Remove, reference_of
from bot.commands.field_words import label_of
from bot.commands.search import PROJECT
from bot.context import Act, Serves, Services, Turn
from bot.features.editors import corrections, fields
from bot.features.editors.access import Editing, editable, id_of
from bot.features.editors.changes import note_change, store_change, undo_choice
from bot.features.talk import change, offer
from bot.messages import Choice, Reach, Say, Value
from knowledge_base.codec import Body
from knowledge_base.ingest.row import RowError
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.edits import TOWN
from knowledge_base.store.records import StoredRecord
from knowledge_base.store.transaction import Transaction


async def edit(turn: Turn, intent: Edit, services: Services) -> Act:
    """Show a record or one of its fields, set the field, or clear it."""
    record_id = id_of(turn, intent.record)

    async def act(tx: Transaction) -> Say:
        await tx.records.lock()
        found = await editable(tx, turn, record_id, services)
        if isinstance(found, Say):
            return found
        stored = found.stored
        if not intent.field:
            if stored.kind is RecordKind.PROJECT and turn.inbound.private:
                await change(tx, turn, services, focus=PROJECT + stored.id, entry=True)
            return fields.listed(stored, found.fields, turn.language)
        if intent.field not in found.fields:
            return fields.no_such_field(intent.field, found.fields, turn.language)
        if not (intent.value or intent.clear):
            return _one_field(stored, intent.field, turn.language)
        wanted = replace(intent, record=reference_of(record_id))
        return await _set(tx, turn, found, wanted, services)

    return act


def _one_field(stored: StoredRecord, field: str, language: str) -> Say:
    values: dict[str, Value] = {
        "id": Reach(stored.id, linked=False),
        "field": label_of(field, language),
        "value": fields.shown(field, stored.body.get(field)),
        "ref": reference_of(stored.id),
    }
    return Say("edit.show", values)


async def _set(tx: Transaction, turn: Turn, found: Editing, intent: Edit, services: Services) -> Say:
    """Set or clear a field, after asking where that is doubtful."""
    stored, field, language = found.stored, intent.field, turn.language
    of_project = stored.kind is RecordKind.PROJECT
    if field == "topics" and (why := fields.unknown_topics(intent.value, stored.body.get("topics", ()), language)):
        return why
    if of_project and (why := fields.contact_data(field, intent.value)):
        return Say("edit.refused", {"field": label_of(field, language), "reason": why})
    after = fields.with_field(stored.kind, stored.body, field, intent.value)
    if isinstance(after, RowError):
        return fields.refused(after, language)
    if after == stored.body:
        return Say("edit.same", {"id": stored.id, "field": label_of(field, language)})
    gazetteer = services.search.snapshot.gazetteer
    doubt = fields.doubts(field, intent.value, gazetteer) if of_project and intent.value else None
    if (doubt or intent.clear) and not intent.sure:
        return await _ask(tx, turn, found, intent, after, doubt, services)
    return await _changed(tx, turn, found, after, services)


async def _ask(
    tx: Transaction, turn: Turn, found: Editing, intent: Edit, after: Body, doubt: Say | None, services: Services
) -> Say:
    label = Say("choice.clear" if intent.clear else "choice.set_anyway")
    yes = Choice(label, replace(intent, sure=True), numbered=True)
    await offer(tx, turn, services, (yes,), consent=True)
    changes = fields.changes(found.stored.body, after, turn.language)
    values: dict[str, Value] = {
        "id": Reach(found.stored.id, linked=False),
        "doubt": doubt or "",
        "changes": changes,
        "choices": (yes.label,),
    }
    return Say("edit.sure", values, (yes,))


async def _changed(tx: Transaction, turn: Turn, found: Editing, after: Body, services: Services) -> Say:
    """Store a change, and say it; who else has to know is told."""
    stored = found.stored
    number = await store_change(tx, turn, stored.kind, stored.id, stored.body, after, author=found.author)
    changed = [name for name in {**stored.body, **after} if stored.body.get(name) != after.get(name)]
    told = False
    if stored.kind is RecordKind.CONTACT:
        told = await corrections.tell_contact(tx, turn, stored, changed[0], services)
    if found.author == TOWN:
        await corrections.tell_editors_of_town(tx, stored, after, number, services)
    values: dict[str, Value] = {
        "id": Reach(stored.id, linked=False),
        "changes": fields.changes(stored.body, after, turn.language),
        "ref": reference_of(stored.id),
        "told": Say("edit.contact_told") if told else "",
    }
    return Say("edit.done", values, (undo_choice(number),))


async def remove(turn: Turn, intent: Remove, services: Services) -> Act:
    """Take a project out, after asking back."""
    record_id = id_of(turn, intent.record)

    async def act(tx: Transaction) -> Say:
        await tx.records.lock()
        stored = await tx.records.get(RecordKind.PROJECT, record_id)
        if stored is None or not isinstance(stored.record, Project):
            return Say("edit.not_found", {"id": record_id})
        if not intent.confirmed:
            yes = Choice(Say("choice.remove"), Remove(reference_of(record_id), confirmed=True), numbered=True)
            await offer(tx, turn, services, (yes,), consent=True)
            return Say("remove.sure", {"id": record_id, "title": stored.record.title, "choices": (yes.label,)}, (yes,))
        await tx.records.remove([(RecordKind.PROJECT, record_id)])
        number = await note_change(tx, turn, stored.kind, record_id, stored.body, {})
        return Say("remove.done", {"id": record_id}, (undo_choice(number),))

    return act


SERVES: Serves = {Edit: edit, Remove: remove}
