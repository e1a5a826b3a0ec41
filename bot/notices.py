"""Saying something to a person who did not just write: on which of their accounts, and whether it may pass there.

A notice is stored in the transaction of the change that caused it, unique by its key, and sent by the outbox.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.data_policy import DataClass, may_pass
from bot.links import Links
from bot.messages import Say
from bot.texts import DEFAULT_LANGUAGE
from config.settings import Settings
from knowledge_base.store.outbox import Urgency, new_id
from knowledge_base.store.people import Account, Person
from knowledge_base.store.transaction import Transaction

ORDER = (
    "matrix",
    "telegram",
    "email",
    "terminal",
)  # where nobody chose: the better protected first, mail as it is slow
WAITING = Say("notice.waiting")  # "something for you is on this page": for networks that may not carry it themselves


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell. ``page``: which of our pages ``{link}`` in its text leads to (``bot.links``)."""

    say: Say
    key: str  # of which there is one message only, ever
    about: DataClass = DataClass.PUBLIC
    urgency: Urgency = Urgency.NOTICE
    page: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """Where a notice goes, under which message id; ``as_link``: only the link to its page."""

    message_id: str
    account: Account
    as_link: bool = False


def reachable(accounts: Iterable[Account], prefers: str | None) -> list[Account]:
    """The accounts on which a person can be told something, the best first."""
    usable = [account for account in accounts if account.active and account.conversation]
    order = {channel: place for place, channel in enumerate(ORDER)}
    return sorted(usable, key=lambda one: (one.channel != prefers, order.get(one.channel, len(order))))


def choose(
    accounts: Sequence[Account], about: DataClass, settings: Settings, *, can_link: bool
) -> tuple[Account, bool] | None:
    """The account for this class of data, and whether only a link to it may go there; ``None``: there is no way."""
    for account in accounts:
        if may_pass(account.channel, about, settings):
            return account, False
    return (accounts[0], True) if accounts and can_link else None


async def tell(
    tx: Transaction, person: Person, notice: Notice, *, settings: Settings, links: Links, prefers: str | None = None
) -> Told | None:
    """Store a notice for a person; ``None`` when nothing that may carry it reaches them.

    The link's hash is the caller's to keep, with what it stands for. When the key was used before, nothing is stored
    again; the result then names a message id that does not exist.
    """
    accounts = reachable(await tx.people.accounts(person.id), prefers)
    chosen = choose(accounts, notice.about, settings, can_link=bool(notice.page) and links.available)
    if chosen is None:
        return None
    account, as_link = chosen
    message_id = new_id()
    payload = {
        "say": (WAITING if as_link else notice.say).to_json(),
        "language": notice.say.language or person.language or person.last_language or DEFAULT_LANGUAGE,
    }
    if notice.page and links.available:
        payload["page"] = notice.page
    await tx.outbox.add(
        account.channel,
        account.conversation or "",
        payload,
        urgency=notice.urgency,
        key=notice.key,
        person_id=person.id,
        message_id=message_id,
    )
    return Told(message_id, account, as_link)
