"""Contacts that a request would not get to, and what an operator or an editor can do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from enum import StrEnum
from functools import partial

from bot.channels.networks import MAIL
from bot.channels.policy import can_take_request, is_usable
from config.settings import Settings
from knowledge_base.introductions.contacts import Account, way_to
from knowledge_base.introductions.values import KnownPerson
from knowledge_base.model import Contact
from knowledge_base.store.transaction import Transaction


class Why(StrEnum):
    """Why a contact cannot be asked; the value says it, and the remedy."""

    UNWANTED = "with a person who wants no introductions, or paused them"
    HIDDEN = "hidden, without a notice of the import in time; remedy: stadtlotse contacts --tell"
    NO_BASIS = "without legal_basis; remedy: add it to the record"
    NO_ADDRESS = "without email and matrix_id; remedy: add one to the record"
    NO_MAIL = "with a mail address, but the bot sends no mail; remedy: set smtp.host"
    NO_PAGES = "with a mail address, but mails are answered on pages; remedy: set web.public_url"
    NO_NETWORK = "on a network that is not set up; remedy: set it up, or add email to the record"
    NEVER_WROTE = "who never wrote to the bot; remedy: let them write to it once, or add email to the record"
    LOST = "who left or blocked the bot, or with mail that comes back; remedy: correct the record"


def why_unreachable(
    contact: Contact, known: Mapping[Account, KnownPerson], hidden: frozenset[str], settings: Settings
) -> Why | None:
    """Return why a contact cannot be asked now; ``None``: they can."""
    if contact.id in hidden:
        return Why.HIDDEN
    if way_to(contact, known, partial(can_take_request, settings=settings)) is not None:
        return None
    accounts = contact.accounts
    if not contact.legal_basis or not accounts:
        return Why.NO_ADDRESS if contact.legal_basis else Why.NO_BASIS
    if any(known[account].away for account in accounts if account in known):
        return Why.UNWANTED
    return _no_way(accounts, known, settings)


def _no_way(accounts: tuple[Account, ...], known: Mapping[Account, KnownPerson], settings: Settings) -> Why:
    """Return why no account of a contact does."""
    lost = [account for account in accounts if account in known and not known[account].channels]
    left = [account for account in accounts if account not in lost]
    if any(channel == MAIL for channel, _ in left):
        return Why.NO_PAGES if is_usable(MAIL, settings) else Why.NO_MAIL
    if any(not is_usable(channel, settings) for channel, _ in left):
        return Why.NO_NETWORK
    return Why.NEVER_WROTE if any(account not in known for account in left) else Why.LOST


async def counted(tx: Transaction, settings: Settings) -> tuple[int, Counter[Why]]:
    """Return the number of contacts, and how many of them cannot be asked, by the reason."""
    contacts = await tx.contacts.all()
    known = await tx.introductions.known({account for contact in contacts for account in contact.accounts})
    hidden = await tx.introductions.hidden()
    reasons = (why_unreachable(contact, known, hidden, settings) for contact in contacts)
    return len(contacts), Counter(why for why in reasons if why is not None)


def lines(number: int, reasons: Mapping[Why, int]) -> Iterator[str]:
    """Yield what to tell about the contacts; nothing where all can be asked."""
    if reasons:
        yield f"{sum(reasons.values())} of {number} cannot be asked for an introduction"
        for why in Why:
            if why in reasons:
                yield f"{reasons[why]} {why}"
