"""Rectification (Art. 16 GDPR): who is described wrongly says so, an editor mends the record, and both leave a trace.

correct TEXT -> editors and admins read it, and close its number in ``questions`` when it is done; its author is told
edit ID FIELD = VALUE -> a contact's record is mended, an import leaves the field alone, and the contact is told
What was wrong, and what is right, is kept in the record alone: the trace names who, when, and which field.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import structlog

from bot.channels.policy import DataClass, may_pass
from bot.commands.editors import Edit
from bot.commands.privacy import Correct
from bot.context import Act, Serves, Services, Turn
from bot.features.dialog import prompt
from bot.features.editors import questions
from bot.features.reach import chats_instead
from bot.messages import Say
from bot.messages.markup import clean
from bot.outgoing.notify import Notice, tell
from knowledge_base.ingest.personal_data import masked
from knowledge_base.ingest.row import RowError
from knowledge_base.model import Contact, RecordKind
from knowledge_base.store.open_questions import QuestionAudience
from knowledge_base.store.people import Person
from knowledge_base.store.records import StoredRecord
from knowledge_base.store.transaction import Transaction

LONGEST = 500  # characters
ASKED, MOST = "correction asked", 3  # what is counted; a day and person
LISTED = "Art. 16"  # all that the list of questions shows of one
EDITABLE = tuple(field.name for field in fields(Contact) if field.name not in ("id", "extra"))

log = structlog.get_logger(__name__)


async def correct(turn: Turn, intent: Correct, services: Services) -> Act:
    """Tell the editors what is wrong about the one who says it; without a text, ask for it."""
    text = clean(intent.text)[:LONGEST]

    async def act(tx: Transaction) -> Say:
        if not text:
            await prompt(tx, turn, services, Correct())
            return Say("correct.ask")
        who = await tx.tallies.identities(turn.person.id)
        day = timedelta(days=1)
        if await tx.tallies.count(services.secret, ASKED, who, within=day) >= MOST:
            return Say("correct.too_often", {"limit": MOST})
        await tx.tallies.add(services.secret, ASKED, who, lasting=day)
        number = await tx.answers.not_answered(LISTED, f"{LISTED} {turn.reply_id}", turn.language)
        await tx.open_questions.keep(
            number, turn.person.id, masked(text), turn.language, audience=QuestionAudience.EDITORS
        )
        reached = [await _tell_editor(tx, editor, number, text, services) for editor in await editors(tx, services)]
        return Say("correct.sent" if any(reached) else "correct.nobody", {"number": number})

    return act


async def editors(tx: Transaction, services: Services) -> list[Person]:
    """Who mends records: the editors, and the admins."""
    settings = services.settings
    accounts = [address.partition(":") for address in dict.fromkeys((*settings.editors, *settings.admins))]
    owners = [await tx.people.of_account(channel, user) for channel, _, user in accounts]
    return list({person.id: person for person in owners if person}.values())


async def _tell_editor(tx: Transaction, editor: Person, number: int, text: str, services: Services) -> bool:
    say = Say("correct.asked", {"number": number, "text": text})
    notice = Notice(say, f"correct:{number}:{editor.id}", about=DataClass.TEXT_OF_OTHERS)
    return await tell(tx, editor, notice, settings=services.settings, links=services.links) is not None


# ------------------------------------------------------------------------------------------------------- the editors


async def edit(turn: Turn, intent: Edit, services: Services) -> Act:
    """Show the fields of a project or a contact, or set one; an empty value clears it."""
    of_project = await questions.edit_project(intent)

    async def act(tx: Transaction) -> Say:
        stored = await tx.records.get(RecordKind.CONTACT, intent.record)
        if stored is None or await tx.records.get(RecordKind.PROJECT, intent.record):
            return await of_project(tx)
        channel = turn.inbound.address.channel
        if not (turn.inbound.private and may_pass(channel, DataClass.CONTACT_DATUM, services.settings)):
            return Say("edit.contact_elsewhere", {"instead": chats_instead(services.settings)})
        return await _mend(tx, turn, intent, stored, services) if intent.field else questions.fields(stored, EDITABLE)

    return act


async def _mend(tx: Transaction, turn: Turn, intent: Edit, stored: StoredRecord, services: Services) -> Say:
    """Set a field of a contact."""
    if intent.field not in EDITABLE:
        return Say("edit.no_such_field", {"field": intent.field, "fields": ", ".join(EDITABLE)})
    after = questions.with_field(RecordKind.CONTACT, stored.body, intent.field, intent.value)
    if isinstance(after, RowError):
        return questions.refused(after)
    if not await tx.records.edit(RecordKind.CONTACT, intent.record, after):
        return Say("edit.same", {"id": intent.record, "field": intent.field})
    log.info("contact.rectified", contact=intent.record, field=intent.field, editor=turn.person.id)
    contact_notice = await _tell_contact(tx, turn, stored, intent.field, services)
    return Say("edit.contact_told" if contact_notice else "edit.done", {"id": intent.record, "field": intent.field})


async def _tell_contact(tx: Transaction, turn: Turn, stored: StoredRecord, field: str, services: Services) -> bool:
    """Tell the contact which field was corrected, without the editor's name; skip contacts the bot never wrote to."""
    contact = stored.record
    if not isinstance(contact, Contact):
        return False
    people = [await tx.people.of_account(*account) for account in contact.accounts]
    person = next(filter(None, people), None)
    if person is None:
        return False
    notice = Notice(Say("correct.done", {"role": contact.role, "field": field}), f"corrected:{turn.reply_id}")
    return await tell(tx, person, notice, settings=services.settings, links=services.links) is not None


SERVES: Serves = {Correct: correct, Edit: edit}
