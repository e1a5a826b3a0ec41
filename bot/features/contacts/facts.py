"""Is it still true? Once a year the responsible contact says so of its projects, in one message or on one page.

Only a contact is asked that agreed to it with a claim, or an office for which it is a public task; and never in a week
in which requests used up what a contact gets. A yes sets ``checked``; everything else goes to the editors.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

from bot.channels.policy import DataClass
from bot.commands.contacts import FACTS, ConfirmFacts
from bot.context import Act, Serves, Services, Turn
from bot.features.contacts.checks import PAGE
from bot.features.editors.corrections import editors
from bot.features.introductions.candidates import caps_of, contact_of, way
from bot.features.introductions.view import language_of
from bot.messages import Choice, Say, Value
from bot.messages.markup import clean
from bot.messages.without_links import presentable
from bot.outgoing.notify import Notice, tell
from knowledge_base.ingest.personal_data import masked
from knowledge_base.introductions.limits import WEEK, next_turn
from knowledge_base.model import Contact, Project, RecordKind
from knowledge_base.store.open_questions import QuestionAudience
from knowledge_base.store.records import StoredRecord
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import in_language

A_YEAR = timedelta(days=365)
AT_ONCE = 20  # contacts in one look
SHOWN = 10  # projects in one message
OFFICE = "public_function"
NO_TEXT = "–"


def may_be_asked(contact: Contact) -> bool:
    """Return whether consent or the office's task covers the question: a claim names it, an office answers for it."""
    return bool(contact.extra.get("claimed")) or contact.legal_basis.strip().casefold() == OFFICE


def is_old(stored: StoredRecord, now: datetime) -> bool:
    """Return whether the facts of a project were last compared with reality more than a year ago."""
    project = stored.record
    days = [project.checked, project.as_of] if isinstance(project, Project) else []
    known = [datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) for day in days if day]
    return max(known, default=stored.updated_at) < now - A_YEAR


async def look(services: Services) -> int:
    """Ask the contacts that are due; return how many."""
    if not services.settings.introductions.ask_facts:
        return 0
    async with services.store.read() as tx:
        due = await _due(tx, services)
    asked = 0
    for contact_id in due[:AT_ONCE]:
        async with services.store.begin() as tx:
            asked += await _ask(tx, services, contact_id)
    return asked


async def _due(tx: Transaction, services: Services) -> list[str]:
    since = await tx.contact_checks.facts_asked_since(tx.now - A_YEAR)
    hidden = await tx.introductions.hidden()
    contacts = [contact.id for contact in await tx.contacts.all() if may_be_asked(contact)]
    answering = _projects_by_contact(services)
    candidates = [contact for contact in contacts if contact in answering and contact not in since | hidden]
    return [contact for contact in candidates if await _old_ones(tx, answering[contact])]


def _projects_by_contact(services: Services) -> dict[str, list[Project]]:
    """Return the projects that each contact answers for, first of all contacts."""
    snapshot = services.search.snapshot
    found: dict[str, list[Project]] = defaultdict(list)
    for project in snapshot.index.projects:
        for contact_id in snapshot.introducible.of(project)[:1]:
            found[contact_id].append(project)
    return found


async def _old_ones(tx: Transaction, projects: list[Project]) -> list[Project]:
    """Return those with old facts."""
    stored = [(project, await tx.records.get(RecordKind.PROJECT, project.id)) for project in projects]
    return [project for project, record in stored if record and is_old(record, tx.now)]


async def _ask(tx: Transaction, services: Services, contact_id: str) -> bool:
    """Ask a contact once, in place of one request of this week."""
    await tx.introductions.lock_contact(contact_id)
    contact = await contact_of(tx, contact_id)
    planned = await tx.introductions.planned(contact_id, tx.now - WEEK)
    account = await way(tx, services, contact) if contact else None
    if contact is None or account is None or next_turn(planned, tx.now, caps_of(services.settings)) > tx.now:
        return False
    person = await tx.people.of_account(*account)
    if person is None:
        language = str(contact.extra.get("lang") or "") or None
        person = await tx.profiles.person_of_address(contact.email, language=language)
    projects = await _old_ones(tx, _projects_by_contact(services).get(contact_id, []))
    await tx.contact_checks.facts_asked(contact_id)
    say = asked_about(projects, contact, language_of(person))
    key = f"facts:{contact_id[:120]}:{tx.now:%Y}"
    notice = Notice(say, key, page=PAGE, subject="facts", unsubscribe="introductions")
    return await tell(tx, person, notice, settings=services.settings, links=services.links) is not None


def asked_about(projects: list[Project], contact: Contact, language: str) -> Say:
    """Return the question, with what can be answered about each project and about all of them."""
    lines = tuple(
        Say("facts.project", {"title": in_language(project, language).project.title, "id": project.id})
        for project in projects[:SHOWN]
    )
    choices = (Choice(Say("choice.facts.right"), ConfirmFacts("right")),)
    values: dict[str, Value] = {"role": contact.role, "place": contact.municipality, "projects": lines}
    return Say("facts.ask", values, choices)


# ------------------------------------------------------------------------------------------------------------ answers


async def confirm(turn: Turn, intent: ConfirmFacts, services: Services) -> Act:
    """Take the answer of a contact in its chat."""

    async def act(tx: Transaction) -> Say:
        return await answer(tx, services, turn.person.id, intent, turn.language, turn.reply_id)

    return act


async def answer(
    tx: Transaction, services: Services, person_id: str, intent: ConfirmFacts, language: str, key: str
) -> Say:
    """Apply what a contact says about a project of theirs, or about all; ``key`` makes the report to editors unique."""
    mine = await of_person(tx, services, person_id)
    if intent.answer not in FACTS.values() or not mine:
        return Say("facts.not_yours" if not mine else "facts.how")
    chosen = [project for project in mine if intent.project in ("", project.id)]
    if not chosen:
        return Say("facts.not_yours")
    if intent.answer == "right":
        for project in chosen:
            await _set(tx, project, f"{tx.now:%Y-%m-%d}")
        return Say("facts.checked", {"number": len(chosen)})
    if not intent.project:
        return Say("facts.which")
    text = presentable(masked(clean(intent.text))) or NO_TEXT
    number = await tx.answers.not_answered(f"facts {intent.answer}", f"facts {key}", language)
    whole = f"{chosen[0].id}: {intent.answer}: {text}"
    await tx.open_questions.keep(number, person_id, whole, language, audience=QuestionAudience.EDITORS)
    for editor in await editors(tx, services):
        notice = Notice(Say("facts.report", {"number": number, "text": whole}), f"facts:{number}:{editor.id}",
                        about=DataClass.TEXT_OF_OTHERS)  # fmt: skip
        await tell(tx, editor, notice, settings=services.settings, links=services.links)
    return Say("facts.reported", {"number": number})


async def of_person(tx: Transaction, services: Services, person_id: str) -> list[Project]:
    """Return the projects that a person answers for as a contact."""
    held = {contact.id for contact in await tx.contacts.held_by(person_id)}
    snapshot = services.search.snapshot
    return [project for project in snapshot.index.projects if held.intersection(snapshot.introducible.of(project))]


async def _set(tx: Transaction, project: Project, day: str) -> None:
    stored = await tx.records.get(RecordKind.PROJECT, project.id)
    if stored is not None:
        await tx.records.edit(RecordKind.PROJECT, project.id, {**stored.body, "checked": day})


SERVES: Serves = {ConfirmFacts: confirm}
