"""The history of a record: every change of an editor with old and new values, and the way back."""

from __future__ import annotations

from bot.channels.policy import DataClass, may_pass
from bot.commands.editing import History, Undo
from bot.context import Act, Serves, Services, Turn
from bot.features.editors import fields
from bot.features.editors.access import ONLY, editable, id_of
from bot.features.editors.changes import note_change, store_change
from bot.features.talk import offer
from bot.features.wording import moment
from bot.messages import Choice, Reach, Say, Value
from knowledge_base.codec import Body
from knowledge_base.model import PERSONAL_FIELDS, RecordKind
from knowledge_base.store.edits import EDITOR, TOWN, Imported, RecordEdit
from knowledge_base.store.records import StoredRecord
from knowledge_base.store.transaction import Transaction

MOST = 10  # changes that are shown
SHORT_ID = 6  # characters of a person's id, where their account may not be shown


async def show(turn: Turn, intent: History, services: Services) -> Act:
    """Show the last changes of a record, the newest first."""
    record_id = id_of(turn, intent.record)

    async def act(tx: Transaction) -> Say:
        kind = RecordKind.PROJECT
        if await tx.records.get(kind, record_id, removed=True) is None or not turn.editor:
            found = await editable(tx, turn, record_id, services)
            if isinstance(found, Say):
                return found
            kind = found.stored.kind
        edits = await tx.edits.of(kind, record_id)
        undone = {entry.undoes for entry in edits}
        lines = [(entry.at, await _line(tx, turn, entry, entry.number in undone, services)) for entry in edits]
        lines += [(entry.at, _imported(entry, turn.language)) for entry in await tx.edits.imports_of(kind, record_id)]
        newest = sorted(lines, key=lambda line: line[0], reverse=True)[:MOST]
        if not newest:
            return Say("history.none", {"id": Reach(record_id, linked=False)})
        return Say("history", {"id": Reach(record_id, linked=False), "entries": tuple(line for _, line in newest)})

    return act


async def _line(tx: Transaction, turn: Turn, entry: RecordEdit, undone: bool, services: Services) -> Say:
    kind = "undo" if entry.undoes else entry.what
    hidden = [name for name in entry.fields if name in PERSONAL_FIELDS and entry.kind is RecordKind.CONTACT]
    lines = fields.changes(entry.before, entry.after, turn.language) if entry.what == "changed" else ()
    values: dict[str, Value] = {
        "when": moment(entry.at, turn.language),
        "who": await _who(tx, turn, entry, services),
        "what": Say(f"history.{kind}"),
        "changes": lines,
        "hidden": Say("history.hidden", {"fields": fields.names(hidden, turn.language)}) if hidden else "",
        "undone": Say("history.undone") if undone else "",
    }
    return Say("history.entry", values)


def _imported(entry: Imported, language: str) -> Say:
    values: dict[str, Value] = {
        "when": moment(entry.at, language),
        "what": Say("history.import"),
        "fields": fields.names(entry.fields, language) if entry.what == "changed" else "",
    }
    return Say("history.entry_import", values)


async def _who(tx: Transaction, turn: Turn, entry: RecordEdit, services: Services) -> Value:
    """Return who made a change: the account of an editor where it may be shown, of others only as what they did it."""
    if entry.person_id == turn.person.id:
        return Say("history.you")
    if entry.author == TOWN:
        return Say("history.town")
    if entry.person_id is None:
        return Say("history.erased")
    accounts = await tx.people.accounts(entry.person_id)
    own = [f"{account.channel}:{account.user_id}" for account in accounts]
    named = next((address for address in own if address in (*services.settings.editors, *services.settings.admins)), "")
    private = turn.inbound.private and may_pass(
        turn.inbound.address.channel, DataClass.CONTACT_DATUM, services.settings
    )
    if named and private and turn.editor:
        return Say("history.editor", {"account": Reach(named, linked=False)})
    return Say("history.editor", {"account": entry.person_id[:SHORT_ID]})


# ----------------------------------------------------------------------------------------------------------- undoing


async def undo(turn: Turn, intent: Undo, services: Services) -> Act:
    """Show what a change would be taken back to, and ask; with a yes, take it back."""

    async def act(tx: Transaction) -> Say:
        await tx.records.lock()
        entry = await _meant(tx, turn, intent)
        if entry is None:
            return Say("undo.nothing")
        stored = await tx.records.get(entry.kind, entry.id, removed=True)
        if stored is None or not await _may(tx, turn, entry, stored, services):
            return ONLY
        back = taken_back(entry, stored)
        if isinstance(back, Say):
            return back
        if not intent.change:
            return await _ask(tx, turn, entry, stored, back, services)
        await _apply(tx, turn, entry, stored, back)
        return Say("undo.done", {"id": Reach(entry.id, linked=False), "changes": _ways(entry, stored, back, turn)})

    return act


async def _meant(tx: Transaction, turn: Turn, intent: Undo) -> RecordEdit | None:
    if intent.change:
        return await tx.edits.get(intent.change)
    if intent.record.startswith("#") and intent.record[1:].isdecimal():
        return await tx.edits.get(int(intent.record[1:]))
    if intent.record:
        return await tx.edits.last_of(id_of(turn, intent.record))
    return await tx.edits.last_by(turn.person.id)


async def _may(tx: Transaction, turn: Turn, entry: RecordEdit, stored: StoredRecord, services: Services) -> bool:
    """Return whether a user may take this back: editors everything, others what they changed themselves."""
    if turn.editor and (entry.kind is RecordKind.PROJECT):
        return True
    found = await editable(tx, turn, stored.id, services)
    return not isinstance(found, Say) and (turn.editor or entry.person_id == turn.person.id)


def taken_back(entry: RecordEdit, stored: StoredRecord) -> Body | Say:
    """Return the body without a change, an empty one for no record; or why it cannot be taken back. Pure."""
    if entry.what == "removed":
        return dict(entry.before) if stored.removed_at else Say("undo.changed_since", {"id": entry.id})
    if stored.removed_at:
        return Say("undo.changed_since", {"id": entry.id})
    if any(stored.body.get(name) != entry.after.get(name) for name in entry.after):
        return Say("undo.changed_since", {"id": entry.id})
    if entry.what == "added":
        return {}
    known = {*entry.before, *entry.after}
    if lost := [name for name in entry.fields if name not in known]:
        return Say("undo.not_kept", {"fields": ", ".join(lost)})
    if any(name in stored.body for name in known - set(entry.after)):
        return Say("undo.changed_since", {"id": entry.id})
    return {name: value for name, value in stored.body.items() if name not in known} | dict(entry.before)


def _ways(entry: RecordEdit, stored: StoredRecord, back: Body, turn: Turn) -> tuple[Say, ...]:
    if entry.what == "changed":
        return fields.changes(stored.body, back, turn.language)
    return (Say("undo.restores" if entry.what == "removed" else "undo.removes", {"id": entry.id}),)


async def _ask(
    tx: Transaction, turn: Turn, entry: RecordEdit, stored: StoredRecord, back: Body, services: Services
) -> Say:
    yes = Choice(Say("choice.undo_yes"), Undo(change=entry.number), numbered=True)
    await offer(tx, turn, services, (yes,), consent=True)
    values: dict[str, Value] = {
        "id": Reach(entry.id, linked=False),
        "when": moment(entry.at, turn.language),
        "changes": _ways(entry, stored, back, turn),
        "choices": (yes.label,),
    }
    return Say("undo.sure", values, (yes,))


async def _apply(tx: Transaction, turn: Turn, entry: RecordEdit, stored: StoredRecord, back: Body) -> None:
    before = {} if stored.removed_at else stored.body
    author = EDITOR if turn.editor else TOWN
    if not back:
        await tx.records.remove([(entry.kind, entry.id)])
        await note_change(tx, turn, entry.kind, entry.id, before, {}, author=author, undoes=entry.number)
        return
    await store_change(tx, turn, entry.kind, entry.id, before, back, author=author, undoes=entry.number)


SERVES: Serves = {History: show, Undo: undo}
