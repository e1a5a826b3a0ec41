"""Where a subscriber's digest goes, and in which language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.channels.networks import MAIL
from bot.features.digests.render import Place
from bot.texts import DEFAULT_LANGUAGE
from knowledge_base.store.subscriptions import Subscription
from knowledge_base.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a digest."""

    conversation: str
    language: str
    place: Place
    user: str = ""  # the account that it is for; empty: a room


async def recipients(tx: Transaction, wishes: Iterable[Subscription]) -> dict[str, Recipient]:
    """The recipients of these subscriptions, by id; who cannot be reached is left out."""
    found = {}
    for wish in wishes:
        if recipient := await _recipient(tx, wish):
            found[wish.id] = recipient
    return found


async def _recipient(tx: Transaction, wish: Subscription) -> Recipient | None:
    if wish.person_id is None:
        return Recipient(wish.conversation or "", wish.language or DEFAULT_LANGUAGE, Place.ROOM)
    person = await tx.people.get(wish.person_id)
    language = wish.language or (person and (person.language or person.last_language)) or DEFAULT_LANGUAGE
    if wish.conversation:
        place = Place.MAIL if wish.channel == MAIL else Place.CHAT
        return Recipient(wish.conversation, language, place, wish.conversation)
    accounts = await tx.people.accounts(wish.person_id)
    for account in accounts:
        if account.channel == wish.channel and account.active and account.conversation:
            place = Place.MAIL if wish.channel == MAIL else Place.CHAT
            return Recipient(account.conversation, language, place, account.user_id)
    return None
