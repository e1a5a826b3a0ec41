"""Rectification (Art. 16 GDPR): who is described wrongly says so, an editor mends the record, and both leave a trace.

correct TEXT -> editors and admins read it, and close its number in ``questions`` when it is done; its author is told
edit ID FIELD = VALUE -> a contact's record is mended, an import leaves the field alone, and the contact is told
What was wrong, and what is right, is kept in the record alone: the trace names who, when, and which field.
"""

from __future__ import annotations

from datetime import timedelta

from bot.channels.policy import DataClass
from bot.commands.field_words import label_of
from bot.commands.privacy import Correct
from bot.context import Act, Serves, Services, Turn
from bot.features.dialog import prompt
from bot.features.editors.changes import undo_choice
from bot.features.editors.fields import changes
from bot.messages import Say, Value
from bot.messages.markup import clean
from bot.outgoing.notify import Notice, tell
from bot.texts import DEFAULT_LANGUAGE
from knowledge_base.codec import Body
from knowledge_base.ingest.personal_data import masked
from knowledge_base.model import Contact
from knowledge_base.store.open_questions import QuestionAudience
from knowledge_base.store.people import Person
from knowledge_base.store.records import StoredRecord
from knowledge_base.store.transaction import Transaction

LONGEST = 500  # characters
ASKED, MOST = "correction asked", 3  # what is counted; a day and person
LISTED = "Art. 16"  # all that the list of questions shows of one


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


async def tell_contact(tx: Transaction, turn: Turn, stored: StoredRecord, field: str, services: Services) -> bool:
    """Tell the contact which field was corrected, without the editor's name; skip contacts the bot never wrote to."""
    contact = stored.record
    if not isinstance(contact, Contact):
        return False
    people = [await tx.people.of_account(*account) for account in contact.accounts]
    person = next(filter(None, people), None)
    if person is None:
        return False
    label = label_of(field, person.language or person.last_language or DEFAULT_LANGUAGE)
    notice = Notice(Say("correct.done", {"role": contact.role, "field": label}), f"corrected:{turn.reply_id}")
    return await tell(tx, person, notice, settings=services.settings, links=services.links) is not None


async def tell_editors_of_town(
    tx: Transaction, stored: StoredRecord, after: Body, number: int, services: Services
) -> None:
    """Tell the editors what a verified user changed in a project of their municipality."""
    for editor in await editors(tx, services):
        language = editor.language or editor.last_language or DEFAULT_LANGUAGE
        values: dict[str, Value] = {"id": stored.id, "changes": changes(stored.body, after, language)}
        say = Say("edit.town_changed", values, (undo_choice(number),), language)
        notice = Notice(say, f"town:{number}:{editor.id}")
        await tell(tx, editor, notice, settings=services.settings, links=services.links)


SERVES: Serves = {Correct: correct}
