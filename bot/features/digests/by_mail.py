"""The digest by mail, confirmed by the one who reads the mailbox: the first mail holds a link and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.channels.networks import MAIL
from bot.context import Act, Services, Turn, say
from bot.features import mail_limit as allowance
from bot.features.wording import refused_address
from bot.messages import MessageAudience, Say
from bot.messages.envelope import Envelope
from knowledge_base.mail_address import typed_address
from knowledge_base.store.outbox import Urgency, new_id
from knowledge_base.store.subscriptions import ON
from knowledge_base.store.transaction import Transaction

CONFIRM = "digest"  # the page behind the link, and its kind
MAILS_A_DAY = 3  # that one person may have sent to mailboxes without a known owner
UNCONFIRMED = timedelta(days=7)  # so long an address is kept that never said yes
ASKED, MAILED = "digest confirmation asked", "digest confirmation mailed"
A_DAY = timedelta(days=1)


async def by_mail(turn: Turn, text: str, services: Services) -> Act:
    """Ask the mailbox whether it wants the digest; until it says yes, everything stays as it is."""
    if not turn.inbound.private or not (services.settings.smtp.host and services.links.available):
        return say(Say("digest.no_mail"))
    address = typed_address(text)
    if address is None:
        return say(refused_address(text) if text.strip() else Say("digest.no_address"))

    async def act(tx: Transaction) -> Say:
        if await tx.subscriptions.of_person(turn.person.id) is None:
            place = turn.inbound.address
            await tx.subscriptions.save(tx.subscriptions.fresh(place.channel, person_id=turn.person.id))
        if await _asked_enough(tx, turn, services):
            return Say("digest.mail_limit")
        if not await _has_room(tx, turn, str(address), services):
            return Say("digest.mail_full")
        message_id = new_id()
        await tx.pages.keep(
            services.links.at_rest(services.links.token(message_id)), kind=CONFIRM, subject="digest",
            person_id=turn.person.id, language=turn.language, content={"address": str(address)},
            lasting=UNCONFIRMED,
        )  # fmt: skip
        mail = Say("digest.confirm_mail")
        envelope = Envelope(mail, turn.language, MessageAudience.PRIVATE, (str(address),), page=CONFIRM)
        await tx.outbox.add(
            MAIL, str(address), envelope.to_json(), urgency=Urgency.NOTICE, person_id=turn.person.id,
            message_id=message_id,
        )  # fmt: skip
        return Say("digest.mail_asked")

    return act


async def _asked_enough(tx: Transaction, turn: Turn, services: Services) -> bool:
    """Whether this person asked often enough today, whatever the account and though forgotten since; else it counts."""
    who = await allowance.identities(tx, turn)
    if await tx.tallies.count(services.secret, ASKED, who, within=A_DAY) >= MAILS_A_DAY:
        return True
    await tx.tallies.add(services.secret, ASKED, who, lasting=A_DAY)
    return False


async def _has_room(tx: Transaction, turn: Turn, address: str, services: Services) -> bool:
    """Return whether one more such mail may go to the mailbox today; its owner's always may."""
    if await allowance.is_proven_by(tx, turn.person.id, address):
        return True
    return await allowance.takes(tx, services.secret, MAILED, await allowance.identities(tx, turn), address) is not None


async def confirmed(tx: Transaction, person_id: str, address: str) -> bool:
    """The mailbox said yes: digests go there from now on. ``False``: the person has no subscription any more."""
    subscription = await tx.subscriptions.of_person(person_id)
    if subscription is None:
        return False
    await tx.subscriptions.save(replace(subscription, channel=MAIL, conversation=address, state=ON))
    return True
