"""A claim is stored, published as the record of a contact, declined, or given up."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.channels.networks import MAIL
from bot.channels.policy import DataClass
from bot.commands.contacts import Claims
from bot.context import Services
from bot.features.contacts.draft import ClaimDraft, host_of, municipalities_of
from bot.features.contacts.preview import at_once
from bot.features.editors.corrections import editors
from bot.features.introductions.contact_answers import hand_on
from bot.features.introductions.unreachable import why_unreachable
from bot.features.places import name_of
from bot.features.privacy_notice import about_import
from bot.messages import Choice, Reach, Say, Value
from bot.outgoing.notify import Notice, tell
from knowledge_base.codec import to_body
from knowledge_base.mail_address import same_form
from knowledge_base.model import Contact, Municipality, RecordKind
from knowledge_base.store.claims import Claim, NewClaim
from knowledge_base.store.consents import ConsentAction, ConsentEntry
from knowledge_base.store.outbox import new_id
from knowledge_base.store.secret import keyed_hash
from knowledge_base.store.transaction import Transaction
from knowledge_base.vocabulary import fold

log = structlog.get_logger(__name__)

PURPOSE = "claim:"  # of a consent, before the id of the municipality
CLAIMED, MOST, A_DAY = "role claimed", 3, timedelta(days=1)  # a day and person
NAMED_BY = "named_by"  # in the record of a deputy: the id of the contact
CONSENT, OFFICE = "consent", "public_function"  # legal bases


def purpose_of(municipality: str) -> str:
    """Return the purpose of the consent to be the contact of a municipality."""
    return f"{PURPOSE}{municipality}"


def new_claim(draft: ClaimDraft, person_id: str, language: str) -> NewClaim:
    """Return the claim of a draft that lacks nothing."""
    return NewClaim(
        person_id=person_id,
        address=draft.address,
        municipality=draft.municipality,
        role=draft.role,
        projects=draft.projects or (),
        topics=draft.topics,
        deputy=draft.deputy or "",
        language=language,
    )


async def submit(tx: Transaction, services: Services, new: NewClaim, entry: ConsentEntry) -> Say:
    """Store what a person agreed to; publish it at once where the settings say so, else ask the editors."""
    who = await tx.tallies.identities(new.person_id)
    if await tx.tallies.count(services.secret, CLAIMED, who, within=A_DAY) >= MOST:
        return Say("claim.too_often", {"limit": MOST})
    await tx.tallies.add(services.secret, CLAIMED, who, lasting=A_DAY)
    claim = await tx.claims.add(new)
    await tx.consents.add(entry)
    if at_once(known=is_known(claim, services), services=services):
        await accept(tx, services, claim)
        return Say("claim.published", _named(claim, services))
    for editor in await editors(tx, services):
        notice = Notice(asked(claim, services, True), f"claim:{claim.number}:{editor.id}", DataClass.CONTACT_DATUM)
        await tell(tx, editor, notice, settings=services.settings, links=services.links)
    return Say("claim.waits", _named(claim, services))


def is_known(claim: NewClaim, services: Services) -> bool:
    """Return whether the mailbox is at a domain that is known to be the municipality's own."""
    known = municipalities_of(host_of(claim.address), services.search)
    return claim.municipality in {place.id for place in known}


def _named(claim: NewClaim, services: Services) -> dict[str, Value]:
    return {"role": claim.role, "place": name_of(claim.municipality, services.search.snapshot.gazetteer)}


def asked(claim: Claim, services: Services, with_address: bool) -> Say:
    """Return a claim as editors read it; where contact data may not pass, with the domain alone."""
    host = host_of(claim.address)
    address: Value = Reach(claim.address, linked=False) if with_address else f"…@{host}"
    domain = Say("claim.domain_known" if is_known(claim, services) else "claim.domain_new", {"host": host})
    choices = (
        Choice(Say("choice.claims.yes", {"number": claim.number}), Claims("yes", claim.number)),
        Choice(Say("choice.claims.no", {"number": claim.number}), Claims("no", claim.number)),
    )
    values = _named(claim, services) | {"number": claim.number, "address": address, "domain": domain}
    values |= {"projects": len(claim.projects), "topics": ", ".join(claim.topics) or "–"}
    return Say("claim.asked", values, choices)


# ------------------------------------------------------------------------------------------------------------ accepted


async def accept(tx: Transaction, services: Services, claim: Claim) -> str:
    """Publish a claim as a contact and return its id; an unreachable record of the same role is repaired by it."""
    await tx.records.lock()
    await _keep_domain(tx, services, claim)
    place = name_of(claim.municipality, services.search.snapshot.gazetteer)
    before = await _same_role(tx, services, claim, place)
    contact_id = before.id if before else f"claim-{new_id()[:12].lower()}"
    deputy = await _deputy(tx, services, claim, contact_id, place) if claim.deputy else ""
    contact = Contact(
        id=contact_id,
        role=claim.role,
        municipality=place,
        email=claim.address,
        projects=claim.projects,
        topics=claim.topics,
        deputy=deputy,
        legal_basis=CONSENT,
        source=f"{claim.at:%Y-%m-%d}, {place}",
        extra={"claimed": f"{tx.now:%Y-%m-%d}", "lang": claim.language},
    )
    await tx.records.edit(RecordKind.CONTACT, contact_id, to_body(contact))
    await tx.contacts.note_informed([contact_id])
    await tx.contact_checks.answered([contact_id])
    proof = {"verified_at": tx.now, "verified_address": claim.address}
    await tx.profiles.set(claim.person_id, municipality=claim.municipality, **proof)
    await tx.claims.drop(claim.number)
    log.info("claim.accepted", contact=contact_id, repaired=before is not None)
    return contact_id


async def _keep_domain(tx: Transaction, services: Services, claim: Claim) -> None:
    """Note the mail domain as the municipality's own, so that colleagues can verify theirs, too."""
    gazetteer, host = services.search.snapshot.gazetteer, host_of(claim.address)
    stored = await tx.records.get(RecordKind.MUNICIPALITY, claim.municipality)
    known = next((place for place in gazetteer.municipalities if place.id == claim.municipality), None)
    record = stored.record if stored else known
    if isinstance(record, Municipality) and host not in record.mail_domains:
        body = dict(stored.body) if stored else to_body(record)
        body["mail_domains"] = [*record.mail_domains, host]
        await tx.records.edit(RecordKind.MUNICIPALITY, record.id, body)


async def _same_role(tx: Transaction, services: Services, claim: Claim, place: str) -> Contact | None:
    """Return the record that the claim renews: of the same mailbox, or of the same role if no request reaches it."""
    ids = services.search.snapshot.introducible.ids_of
    of_place = [
        one
        for one in await tx.contacts.all()
        if one.municipality == place or claim.municipality in ids(one.municipality)
    ]
    if same := next((one for one in of_place if same_form(one.email) == claim.address), None):
        return same
    known = await tx.introductions.known({account for one in of_place for account in one.accounts})
    hidden = await tx.introductions.hidden()
    return next(
        (
            one
            for one in of_place
            if fold(one.role) == fold(claim.role) and why_unreachable(one, known, hidden, services.settings)
        ),
        None,
    )


async def _deputy(tx: Transaction, services: Services, claim: Claim, contact_id: str, place: str) -> str:
    """Store the mailbox of the deputy as a contact of its own and tell it (Art. 14 GDPR); return the record's id.

    It is asked only where the contact passes a request on.
    """
    known = next(iter(await tx.contacts.with_address(claim.deputy)), None)
    if known is not None:
        return known.id
    deputy = Contact(
        id=f"{contact_id}-deputy",
        role=claim.role,
        municipality=place,
        email=claim.deputy,
        legal_basis=OFFICE,
        source=f"{claim.role}, {place}",
        extra={NAMED_BY: contact_id, "lang": claim.language},
    )
    await tx.records.edit(RecordKind.CONTACT, deputy.id, to_body(deputy))
    person = await tx.profiles.person_of_address(claim.deputy, language=claim.language)
    key = f"art14:{keyed_hash(services.secret, 'art14', f'{deputy.id} {claim.deputy}')[:32]}"
    notice = Notice(about_import(deputy, services.settings), key)
    if await tell(tx, person, notice, settings=services.settings, links=services.links, prefers=MAIL):
        await tx.contacts.note_informed([deputy.id])
    else:
        await tx.contacts.seen([deputy.id])
    return deputy.id


async def tell_claimant(tx: Transaction, services: Services, claim: Claim, key: str, reason: str = "") -> None:
    """Tell the person what an editor decided."""
    if person := await tx.people.get(claim.person_id):
        values = _named(claim, services) | {"reason": Say("claim.reason", {"reason": reason}) if reason else ""}
        about = DataClass.TEXT_OF_OTHERS if reason else DataClass.OWN
        notice = Notice(Say(f"claim.{key}", values), f"claim:{claim.number}:{claim.at:%Y%m%d%H%M%S}:{key}", about)
        await tell(tx, person, notice, settings=services.settings, links=services.links)


async def decline(tx: Transaction, services: Services, claim: Claim, reason: str) -> None:
    """Delete a claim, end its consent, and tell the person."""
    await tx.claims.drop(claim.number)
    await _end_consents(tx, claim.person_id, ConsentAction.ENDED, purpose_of(claim.municipality))
    await tell_claimant(tx, services, claim, "declined", reason)


# -------------------------------------------------------------------------------------------------------------- the end


async def keep(tx: Transaction, person_id: str) -> Say:
    """Note that the roles of a person are still theirs."""
    held = await tx.contacts.held_by(person_id)
    await tx.contact_checks.answered([contact.id for contact in held])
    return Say("claim.kept" if held else "claim.no_role")


async def end(tx: Transaction, services: Services, person_id: str, why: ConsentAction) -> None:
    """Remove a person from all roles: open requests go on, the records and claims are deleted, the consents end."""
    held = await tx.contacts.held_by(person_id)
    await hand_on(tx, services, person_id)
    await tx.contacts.erase([*held, *await named_by(tx, held)])
    for claim in await tx.claims.of(person_id):
        await tx.claims.drop(claim.number)
    await _end_consents(tx, person_id, why, PURPOSE)


async def named_by(tx: Transaction, contacts: list[Contact]) -> list[Contact]:
    """Return the deputies that these contacts named in a claim."""
    ids = {contact.id for contact in contacts}
    return [contact for contact in await tx.contacts.all() if contact.extra.get(NAMED_BY) in ids]


async def _end_consents(tx: Transaction, person_id: str, why: ConsentAction, purpose: str) -> None:
    for entry in await tx.consents.standing(person_id):
        if entry.purpose.startswith(purpose) and entry.what is ConsentAction.GIVEN:
            await tx.consents.add(ConsentEntry(subject=person_id, purpose=entry.purpose, what=why))
