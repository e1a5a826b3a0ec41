"""What the two sides may see of an introduction, and what they could show of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_date

from bot.channels.networks import is_reached_by_user_id
from bot.context import Services
from bot.features.introductions.candidates import askable, caps_of, colleague, contact_of, project_of
from bot.features.places import UNKNOWN
from bot.features.privacy_notice import about_import, was_asked
from bot.messages import Say, Value
from bot.texts import DEFAULT_LANGUAGE
from knowledge_base.introductions.limits import Before, not_again
from knowledge_base.introductions.values import ASKED, Introduction, Side, State
from knowledge_base.model import Contact, Municipality, RecordKind
from knowledge_base.store.people import Person
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import in_language
from knowledge_base.working_days import BERLIN


@dataclass(frozen=True, slots=True)
class Sharable:
    """A datum that its owner may show to the other side: ``kind`` is the name of a network, or "phone"."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request as its contact may see it before answering: who asks, and what. None of the asker's contact data."""

    introduction_id: str
    code: str
    open: bool  # whether it can still be answered
    state: State  # FOLLOWED: whether it helped can be answered
    language: str  # of the contact
    name: str
    municipality: str
    verified: bool
    project: str  # title
    question: str
    role: str  # the contact's own
    expires_at: datetime | None
    can_pass_on: bool  # "ask my deputy" would find a contact
    own: tuple[Sharable, ...]  # what the contact could show of themselves


async def describe(
    tx: Transaction, services: Services, introduction: Introduction, person_id: str
) -> RequestView | None:
    """What this person may see as the contact of an introduction; ``None`` when they are not."""
    one = introduction
    if one.side(person_id) is not Side.CONTACT:
        return None
    asker = await tx.profiles.get(one.asker)
    language = language_of(await tx.people.get(person_id))
    contact = await contact_of(tx, one.contact)
    return RequestView(
        introduction_id=one.id,
        code=one.code,
        open=one.state in ASKED,
        state=one.state,
        language=language,
        name=asker.name,
        municipality=await municipality_name(tx, asker.municipality),
        verified=asker.is_verified(tx.now),
        project=await title_of(tx, one, language),
        question=one.question,
        role=contact.role if contact else "",
        expires_at=one.expires_at,
        can_pass_on=not one.forwarded and await colleague(tx, services, one) is not None,
        own=await sharables(tx, person_id, contact),
    )


def said_of(view: RequestView) -> dict[str, Value]:
    """A view as the values of a text."""
    return {
        "who": Say("intro.who", who(view.name, view.municipality, view.verified)),
        "project": view.project,
        "question": view.question,
        "role": view.role,
        "code": view.code,
        "until": date_of(view.expires_at, view.language),
    }


def who(name: str, municipality: str, verified: bool) -> Mapping[str, Value]:
    """Who asks, as the values of a text."""
    mark = Say("intro.verified" if verified else "intro.unverified")
    return {"name": name, "municipality": municipality, "verified": mark}


def date_of(moment: datetime | None, language: str) -> str:
    """A day as people of this language write it."""
    return format_date(moment.astimezone(BERLIN).date(), "long", locale=language) if moment else ""


async def sharables(tx: Transaction, person_id: str, contact: Contact | None = None) -> tuple[Sharable, ...]:
    """What a person could show of themselves; of a contact also what its record holds."""
    accounts = await tx.people.accounts(person_id)
    offered = [
        Sharable(account.channel, account.user_id) for account in accounts if is_reached_by_user_id(account.channel)
    ]
    offered += [Sharable(account.channel, f"@{account.public_name}") for account in accounts if account.public_name]
    phone = (await tx.profiles.get(person_id)).phone or (contact.phone if contact else "")
    return (*offered, *((Sharable("phone", phone),) if phone else ()))


async def called(tx: Transaction, introduction: Introduction, person_id: str) -> str:
    """How one of the two is called towards the other once both said yes: name or role, and municipality."""
    profile = await tx.profiles.get(person_id)
    contact = await contact_of(tx, introduction.contact) if introduction.side(person_id) is Side.CONTACT else None
    place = await municipality_name(tx, profile.municipality) or (contact.municipality if contact else "")
    names = [profile.name, contact.role if contact else "", place]
    return ", ".join(name for name in names if name)


async def municipality_name(tx: Transaction, municipality: str) -> str:
    """The name of a municipality by its record's id; what its own people called it where there is no record."""
    stored = await tx.records.get(RecordKind.MUNICIPALITY, municipality) if municipality else None
    known = stored.record if stored else None
    return known.name if isinstance(known, Municipality) else municipality.removeprefix(UNKNOWN)


async def somebody_else(tx: Transaction, services: Services, introduction: Introduction) -> bool:
    """Whether the asker could ask another contact of the same project."""
    project = await project_of(tx, introduction.project)
    if project is None or not introduction.asker:
        return False
    mine = [*await tx.introductions.of(introduction.asker, Side.ASKER), introduction]
    paused = not_again(mine, Before(), tx.now, caps_of(services.settings))
    return bool(
        await askable(
            tx, services, project, introduction.asker, leave_out={*paused, introduction.contact, *introduction.tried}
        )
    )


async def title_of(tx: Transaction, introduction: Introduction, language: str) -> str:
    """Return what the project is called for readers of a language; its id when it is gone."""
    project = await project_of(tx, introduction.project)
    return in_language(project, language).project.title if project else introduction.project


async def notice_of(tx: Transaction, services: Services, introduction: Introduction) -> Say | str:
    """What a contact who was imported without being asked must be told with the first message (Art. 14 GDPR)."""
    contact = await contact_of(tx, introduction.contact)
    if contact is None or was_asked(contact) or not await tx.contacts.needs_notice(contact.id):
        return ""
    return about_import(contact, services.settings)


def language_of(person: Person | None) -> str:
    """Return the language to write to a person in."""
    return (person and (person.language or person.last_language)) or DEFAULT_LANGUAGE
