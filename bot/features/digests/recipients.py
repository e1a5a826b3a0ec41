"""Where a subscriber's digest goes, and in which language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.channels.networks import MAIL
from bot.features.digests.render import ReadingPlace
from bot.texts import DEFAULT_LANGUAGE
from knowledge_base.store.subscriptions import Subscription
from knowledge_base.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a digest."""

    conversation: str
    language: str
    place: ReadingPlace
    user: str = ""  # the account that it is for; empty: a room


async def recipients(tx: Transaction, subscriptions: Iterable[Subscription]) -> dict[str, Recipient]:
    """The recipients of these subscriptions, by id; who cannot be reached is left out."""
    reachable = {}
    for subscription in subscriptions:
        if recipient := await _recipient(tx, subscription):
            reachable[subscription.id] = recipient
    return reachable


async def _recipient(tx: Transaction, subscription: Subscription) -> Recipient | None:
    if subscription.person_id is None:
        return Recipient(subscription.conversation or "", subscription.language or DEFAULT_LANGUAGE, ReadingPlace.ROOM)
    person = await tx.people.get(subscription.person_id)
    language = subscription.language or (person and (person.language or person.last_language)) or DEFAULT_LANGUAGE
    if subscription.conversation:
        place = ReadingPlace.MAIL if subscription.channel == MAIL else ReadingPlace.CHAT
        return Recipient(subscription.conversation, language, place, subscription.conversation)
    accounts = await tx.people.accounts(subscription.person_id)
    for account in accounts:
        if account.channel == subscription.channel and account.active and account.conversation:
            place = ReadingPlace.MAIL if subscription.channel == MAIL else ReadingPlace.CHAT
            return Recipient(account.conversation, language, place, account.user_id)
    return None
