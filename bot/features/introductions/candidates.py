"""The contacts that this asker may ask about a project now."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial

from bot.channels.networks import MAIL
from bot.channels.policy import can_take_request
from bot.context import Services
from bot.texts import LANGUAGES
from config.settings import Settings
from knowledge_base.introductions.contacts import Account, way_to
from knowledge_base.introductions.limits import WEEK, Caps, next_turn
from knowledge_base.introductions.values import ContactCandidate, Introduction
from knowledge_base.model import Contact, Project, RecordKind
from knowledge_base.store.people import Person
from knowledge_base.store.transaction import Transaction


def caps_of(settings: Settings) -> Caps:
    """The caps, from the settings."""
    wanted = settings.introductions
    return Caps(
        per_day=wanted.per_day,
        open=wanted.open,
        pause=timedelta(days=wanted.pause_days),
        per_contact_week=wanted.per_contact_week,
    )


async def askable(
    tx: Transaction, services: Services, project: Project, asker: str, *, leave_out: Collection[str] = ()
) -> list[Contact]:
    """Return the contacts of a project that this asker may ask now, the best first."""
    hidden = await tx.introductions.hidden()
    contacts = []
    for contact_id in services.search.snapshot.introducible.of(project):
        if contact_id in hidden or contact_id in leave_out:
            continue
        contact = await contact_of(tx, contact_id)
        if contact and await _may_be_asked(tx, services, contact, asker):
            contacts.append(contact)
    return contacts


async def _may_be_asked(tx: Transaction, services: Services, contact: Contact, asker: str) -> bool:
    account = await way(tx, services, contact)
    if account is None:
        return False
    person = await tx.people.of_account(*account)
    return person is None or not (person.id == asker or await tx.blocks.has(services.secret, person.id, asker))


async def way(tx: Transaction, services: Services, contact: Contact) -> Account | None:
    """Return the account by which a request would get to a contact now; ``None``: by none."""
    known = await tx.introductions.known(contact.accounts)
    return way_to(contact, known, partial(can_take_request, settings=services.settings))


async def onward(tx: Transaction, services: Services, introduction: Introduction) -> ContactCandidate | None:
    """Return the other contacts to ask what an introduction asks."""
    contact = await colleague(tx, services, introduction)
    return await candidate(tx, services, contact) if contact else None


async def colleague(tx: Transaction, services: Services, introduction: Introduction) -> Contact | None:
    """Another contact of the same municipality for the same project; the deputy that the record names comes first."""
    project = await project_of(tx, introduction.project)
    if project is None or not introduction.asker:
        return None
    asked = (*introduction.tried, introduction.contact)
    now = await contact_of(tx, introduction.contact)
    contacts = await askable(tx, services, project, introduction.asker, leave_out=asked)
    named = await contact_of(tx, now.deputy) if now and now.deputy and now.deputy not in asked else None
    if named and await _may_be_asked(tx, services, named, introduction.asker):
        contacts.insert(0, named)
    return next((other for other in contacts if _same_house(services, now, other)), None)


def _same_house(services: Services, now: Contact | None, other: Contact) -> bool:
    """What the asker agreed to holds within one municipality."""
    if now is None or other.municipality == now.municipality:
        return now is not None
    introducible = services.search.snapshot.introducible
    return bool(introducible.ids_of(now.municipality) & introducible.ids_of(other.municipality))


async def candidate(tx: Transaction, services: Services, contact: Contact) -> ContactCandidate:
    """Return a contact as a candidate, with the time of their turn; create the person behind it if it is new."""
    await tx.introductions.lock_contact(contact.id)
    person = await _person_behind(tx, services, contact)
    return ContactCandidate(contact.id, person.id, await turn_of(tx, services, contact))


async def turn_of(tx: Transaction, services: Services, contact: Contact) -> datetime:
    """When a contact can be asked once more."""
    planned = await tx.introductions.planned(contact.id, tx.now - WEEK)
    return next_turn(planned, tx.now, caps_of(services.settings))


async def _person_behind(tx: Transaction, services: Services, contact: Contact) -> Person:
    account = await way(tx, services, contact) or contact.accounts[0]
    if account[0] == MAIL:
        language = contact.extra.get("lang")
        return await tx.profiles.person_of_address(contact.email, language=language if language in LANGUAGES else None)
    return await tx.people.identify(*account, private_conversation=None, returns=False)


async def contact_of(tx: Transaction, contact_id: str) -> Contact | None:
    """A contact's record, while there is one."""
    stored = await tx.records.get(RecordKind.CONTACT, contact_id)
    return stored.record if stored and isinstance(stored.record, Contact) else None


async def project_of(tx: Transaction, project_id: str) -> Project | None:
    """A project's record, while there is one."""
    stored = await tx.records.get(RecordKind.PROJECT, project_id)
    return stored.record if stored and isinstance(stored.record, Project) else None
