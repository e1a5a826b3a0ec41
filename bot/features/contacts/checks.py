"""Contacts that answer no request are asked once whether the role is still theirs, then hidden; a claim repairs it."""

from __future__ import annotations

from datetime import timedelta

import structlog

from bot.commands.contacts import ClaimRole
from bot.context import Services
from bot.features.introductions.candidates import contact_of, way
from bot.features.introductions.view import date_of, language_of
from bot.messages import Choice, Say
from bot.outgoing.notify import Notice, tell
from knowledge_base.store.consents import ConsentAction, ConsentEntry
from knowledge_base.store.contact_checks import ANSWER_WITHIN
from knowledge_base.store.transaction import Transaction

log = structlog.get_logger(__name__)

PAGE = "r"  # where a contact answers without a messenger
CLAIMS_WAIT = timedelta(days=180)


async def look(services: Services) -> None:
    """Ask silent contacts, hide those that did not answer, and forget what belongs to no contact or is too old."""
    async with services.store.read() as tx:
        silent = await tx.contact_checks.silent()
    async with services.store.begin() as tx:
        lost = [contact_id for contact_id in silent if not await _ask(tx, services, contact_id)]
        if hidden := await tx.contact_checks.hide(lost):
            log.warning("contacts.hidden", number=len(hidden))
        await tx.towns.forget()
        await tx.contact_checks.forget([contact.id for contact in await tx.contacts.all()])
        await _forget_claims(tx)


async def _ask(tx: Transaction, services: Services, contact_id: str) -> bool:
    """Ask a contact; return ``False`` if no message reaches it."""
    contact = await contact_of(tx, contact_id)
    account = await way(tx, services, contact) if contact else None
    person = await tx.people.of_account(*account) if account else None
    if contact is None or person is None:
        return False
    language = language_of(person)
    choices = (
        Choice(Say("choice.claim.keep"), ClaimRole("keep")),
        Choice(Say("choice.claim.end"), ClaimRole("end")),
    )
    until = date_of(tx.now + ANSWER_WITHIN, language)
    say = Say("claim.still_yours", {"role": contact.role, "place": contact.municipality, "until": until}, choices)
    key = f"role:{contact_id[:120]}:{tx.now:%Y%m%d}"
    notice = Notice(say, key, page=PAGE, subject="check", unsubscribe="introductions")
    await tx.contact_checks.asked(contact_id)
    return await tell(tx, person, notice, settings=services.settings, links=services.links) is not None


async def _forget_claims(tx: Transaction) -> None:
    """Delete claims that no editor looked at, with their consents."""
    for claim in await tx.claims.all():
        if claim.at < tx.now - CLAIMS_WAIT:
            await tx.claims.drop(claim.number)
            entry = ConsentEntry(
                subject=claim.person_id, purpose=f"claim:{claim.municipality}", what=ConsentAction.ENDED
            )
            await tx.consents.add(entry)
