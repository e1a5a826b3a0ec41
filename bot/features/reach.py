"""Whether contact data get to a person, and what a person can do where they do not."""

from __future__ import annotations

from bot.channels.networks import MAIL, set_up
from bot.channels.policy import DataClass, is_usable, may_pass
from bot.context import Services
from bot.messages import Say
from bot.outgoing.notify import choose, usable
from config.settings import Settings
from knowledge_base.store.transaction import Transaction


async def can_be_told(tx: Transaction, services: Services, person_id: str) -> bool:
    """Return whether contact data can be brought to this person, in a message or on a page."""
    accounts = usable(await tx.people.accounts(person_id), services.settings)
    can_link = services.links.available
    return choose(accounts, DataClass.CONTACT_DATUM, services.settings, can_link=can_link) is not None


async def can_ask(tx: Transaction, services: Services, person_id: str) -> bool:
    """Return whether asking for a contact leads this person anywhere: to the contact, or to what they can do first."""
    return bool(ways_out(services.settings)) or await can_be_told(tx, services, person_id)


def ways_out(settings: Settings) -> tuple[Say, ...]:
    """Return what people can do who cannot be told personal data where they write: only what is set up here."""
    return (*chats_instead(settings), *((Say("way_out.mail"),) if is_usable(MAIL, settings) else ()))


def chats_instead(settings: Settings) -> tuple[Say, ...]:
    """Return the networks on which people can write to the bot about personal data, one sentence each."""
    chats = (row for row in set_up(settings) if row.hears and may_pass(row.name, DataClass.CONTACT_DATUM, settings))
    return tuple(Say("way_out.chat", {"network": row.label}) for row in chats)
