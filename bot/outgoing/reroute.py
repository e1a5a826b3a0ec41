"""What happens to a message that others could read where it was to be sent: it goes where only its reader can.

The place is another conversation that only the reader reads, else one that the network opens for them, else their
mailbox. The account forgets the old place, so that nothing more goes there; the person who asked there is told where
the answer is.

An alert that may not be said in the management room, or does not reach it, goes to each admin on that network.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

import structlog

from bot.channels.networks import MAIL
from bot.channels.port import Channel, KnowsReaders
from bot.messages import Address, Inbound, MessageAudience, Say
from bot.messages.envelope import AskedAt, Envelope
from bot.messages.readership import fits
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import OutboxRow, Urgency
from knowledge_base.store.people import Account, Person
from knowledge_base.store.transaction import Transaction

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a message goes instead."""

    channel: str
    conversation: str
    user: str


async def reroute(store: Store, channel: Channel, row: OutboxRow, envelope: Envelope, *, mails: bool) -> None:
    """Store in one transaction where a message with an audience goes instead; ``mails``: whether the bot sends mail."""
    reader = envelope.readers[0] if envelope.readers and envelope.audience is not MessageAudience.MEETING else ""
    async with store.begin() as tx:
        if not await tx.outbox.holds(row):
            return
        person = await tx.people.of_account(row.channel, reader)
        accounts = await tx.people.accounts(person.id) if person else []
        to = _destination(channel, row, {*envelope.tried, row.conversation}, reader, accounts, mails=mails)
        here = to.conversation if to and to.channel == row.channel else None
        left = await tx.conversations.leave(row.channel, reader, row.conversation, here)
        await _point(tx, row, envelope, "nowhere" if to is None else "room" if here else "mail")
        if to is None:
            log.warning("outbox.overheard_for_good")
            await tx.outbox.dead(row, "others can read the place")
            return
        moved = _moved(row, replace(envelope, readers=(reader,)), to, first=left)
        await tx.conversations.readdress(row.id, to.channel, to.conversation, moved.to_json())
        if here and person and row.urgency is Urgency.ANSWER:
            await tx.conversations.go_on(row.channel, person.id, row.conversation, here)


def is_for_admins_room(row: OutboxRow, envelope: Envelope) -> bool:
    """Return whether a message is an alert for the management room: it answers nothing, and belongs to no person."""
    return envelope.audience is MessageAudience.OPERATORS and not envelope.answers and row.person_id is None


async def to_each_admin(
    store: Store, channel: Channel, row: OutboxRow, envelope: Envelope, *, mails: bool, closed: bool
) -> None:
    """Store an alert for the private place of each reader; ``closed``: the bot cannot write into the room."""
    why = Say("alert.room_closed" if closed else "alert.room_overheard")
    async with store.begin() as tx:
        if not await tx.outbox.holds(row):
            return
        for reader in envelope.readers:
            person = await tx.people.of_account(row.channel, reader)
            accounts = await tx.people.accounts(person.id) if person else []
            to = _destination(channel, row, {*envelope.tried, row.conversation}, reader, accounts, mails=mails)
            if to is None:
                log.warning("admin_not_reachable", channel=row.channel)
                continue
            language = person and (person.language or person.last_language)
            alone = replace(envelope, readers=(reader,), footer=why, language=language or envelope.language)
            await tx.outbox.add(
                to.channel,
                to.conversation,
                _moved(row, alone, to, first=False).to_json(),
                urgency=row.urgency,
                key=f"{row.id}:{reader}"[:255],
                person_id=person.id if person else None,
            )
        await tx.outbox.dead(row, "not for the management room")


def _destination(
    channel: Channel, row: OutboxRow, tried: Collection[str], reader: str, accounts: list[Account], *, mails: bool
) -> Destination | None:
    if not reader:
        return None
    mine = [
        account
        for account in accounts
        if (account.channel, account.user_id) == (row.channel, reader) and account.active
    ]
    places = [account.conversation for account in mine if is_private_to(channel, reader, account.conversation or "")]
    for place in (*places, channel.private_place(reader)):
        if place and place not in tried:
            return Destination(row.channel, place, reader)
    boxes = (
        [account for account in accounts if account.channel == MAIL and account.active and account.conversation]
        if mails
        else []
    )
    boxes = [account for account in boxes if row.channel != MAIL]
    return Destination(MAIL, str(boxes[0].conversation), boxes[0].user_id) if boxes else None


def _moved(row: OutboxRow, envelope: Envelope, to: Destination, *, first: bool) -> Envelope:
    """The message for the new place; the ``first`` one there says why it comes there."""
    if first and to.channel == row.channel:
        envelope = replace(envelope, footer=envelope.footer or Say("elsewhere.why"))
    if to.channel == MAIL:
        envelope = replace(envelope, audience=MessageAudience.PRIVATE, readers=(to.user,))
    tried, asked_at = (*envelope.tried, row.conversation, to.conversation), _asked_at(row, envelope)
    return replace(envelope, tried=tried, asked_at=asked_at, answers="", thread="", replaces="", handles=())


async def _point(tx: Transaction, row: OutboxRow, envelope: Envelope, where: str) -> None:
    """Who asked is told, at the place where they asked, where the answer went; once for each place that was tried."""
    asked_at = _asked_at(row, envelope)
    if asked_at is None:
        return
    pointer = Envelope(
        Say(f"elsewhere.{where}"),
        envelope.language,
        MessageAudience.ROOM,
        thread=asked_at.thread,
        answers=envelope.answers,
    )
    key = f"elsewhere:{row.id}:{where}"
    await tx.outbox.add(row.channel, asked_at.conversation, pointer.to_json(), urgency=Urgency.ANSWER, key=key)


def _asked_at(row: OutboxRow, envelope: Envelope) -> AskedAt | None:
    """Where the question was asked: here, or where the message was before."""
    return AskedAt(row.conversation, envelope.thread) if envelope.answers else envelope.asked_at


# ------------------------------------------------------------------------------------------------- where to reach whom


def is_private_to(channel: Channel, user: str, conversation: str) -> bool:
    """Return whether only this account can read the conversation, as the network knows it now."""
    place = channel.who_reads(Address(channel.name, conversation)) if conversation else None
    return place is not None and fits(MessageAudience.PRIVATE, {user}, place)


def is_private(channel: object, inbound: Inbound) -> bool:
    """Return whether a message came where only its author reads; what the network says now counts, if it says."""
    if not inbound.private:
        return False
    place = channel.who_reads(inbound.address) if isinstance(channel, KnowsReaders) else None
    if place is None:
        return not inbound.overheard
    return fits(MessageAudience.PRIVATE, {inbound.user}, place)


async def keep_reachable(tx: Transaction, channel: object, inbound: Inbound, person: Person) -> None:
    """Give the author of a message in a chat that others may read a place of their own, where they have none."""
    if not isinstance(channel, KnowsReaders) or not inbound.private:
        return
    place = channel.private_place(inbound.user)
    if place is None:
        return
    name, user = inbound.address.channel, inbound.user
    for account in await tx.people.accounts(person.id):
        if (account.channel, account.user_id) != (name, user) or account.conversation is None:
            continue
        known = channel.who_reads(Address(name, account.conversation))
        fit = known is None or fits(MessageAudience.PRIVATE, {user}, known)
        if account.conversation == inbound.address.conversation or not fit:
            await tx.conversations.leave(name, user, account.conversation, place)
    await tx.conversations.offer(name, user, place)


async def identify(tx: Transaction, channel: object, inbound: Inbound, *, new: Person | None = None) -> Person:
    """Return the person who wrote a message; a place that only they read becomes their private conversation.

    ``new``: the person to store if the account is not known.
    """
    alone = is_private(channel, inbound)
    person = await tx.people.identify(
        inbound.address.channel,
        inbound.user,
        private_conversation=inbound.address.conversation if alone else None,
        returns=inbound.returns,
        public_name=inbound.public_name if inbound.private else None,
        new_id=new.id if new else None,
    )
    if not alone:
        await keep_reachable(tx, channel, inbound, person)
    return person
