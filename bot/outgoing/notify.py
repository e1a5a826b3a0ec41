"""Notices to a person who did not just write: on which of their accounts, and whether it may pass there.

A notice is stored in the transaction of the change that caused it, unique by its key, and sent by the outbox. It names
no audience, so it is private to whose account the conversation is when it is sent (``bot.messages.readership``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.channels.networks import MAIL, order
from bot.channels.policy import DataClass, is_usable, may_pass
from bot.messages import Say
from bot.messages.envelope import Envelope
from bot.outgoing.links import UNSUBSCRIBE, Links
from bot.outgoing.telegram_invite import OFFER, bot_to_start, keep_handle
from bot.texts import DEFAULT_LANGUAGE
from config.settings import Settings
from knowledge_base.store.outbox import Urgency, new_id
from knowledge_base.store.people import Account, Person
from knowledge_base.store.transaction import Transaction

WAITING = Say("notice.waiting")  # "something for you is on this page": for networks that may not carry it themselves
NOTE = "n"  # the page that shows such a text
UNSUBSCRIBE_LASTS = timedelta(days=370)  # people unsubscribe by an old mail, too
BUTTONS_LAST = timedelta(days=15)  # as long as what is asked can be answered


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell.

    ``page``: which of our pages ``{link}`` in its text leads to, and ``subject``: what that page is about (the id of
    an introduction). Where people cannot reach our pages ``{link}`` is empty, and so is a line of nothing else.
    ``unsubscribe``: what a reader of the mail can end by its header, ``digest`` or ``introductions``. ``connect``:
    whether a mail offers to go on by Telegram, where a bot cannot write first.
    """

    say: Say
    key: str  # of which there is one message only, ever
    about: DataClass = DataClass.PUBLIC
    urgency: Urgency = Urgency.NOTICE
    page: str = ""
    subject: str = ""
    unsubscribe: str = ""
    connect: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """Where a notice goes, under which message id; ``as_link``: only the link to its page."""

    message_id: str
    account: Account
    as_link: bool = False


def reachable(accounts: Iterable[Account], prefers: str | None) -> list[Account]:
    """The accounts on which a person can be told something, the best first."""
    usable = [account for account in accounts if account.active and account.conversation]
    return sorted(usable, key=lambda account: (account.channel != prefers, order(account.channel)))


def usable(accounts: Iterable[Account], settings: Settings, prefers: str | None = None) -> list[Account]:
    """Those of them on which something can arrive as the bot is set up, the best first."""
    return [account for account in reachable(accounts, prefers) if is_usable(account.channel, settings)]


def choose(
    accounts: Sequence[Account], about: DataClass, settings: Settings, *, can_link: bool, prefers: str | None = None
) -> tuple[Account, bool] | None:
    """The account for this class of data, and whether only a link to it may go there; ``None``: there is no way.

    Who prefers a network that may not carry it gets the link there; who chose none gets it where it may go.
    """
    for account in accounts:
        if may_pass(account.channel, about, settings):
            return account, False
        if can_link and account.channel == prefers:
            return account, True
    return (accounts[0], True) if accounts and can_link else None


async def tell(
    tx: Transaction, person: Person, notice: Notice, *, settings: Settings, links: Links, prefers: str | None = None
) -> Delivery | None:
    """Store a notice for a person; ``None`` when nothing that may carry it reaches them.

    What its links stand for is kept with it. When the key was used before, nothing is stored again; the result then
    names a message id that does not exist.
    """
    accounts = usable(await tx.people.accounts(person.id), settings, prefers)
    chosen = choose(accounts, notice.about, settings, can_link=links.available, prefers=prefers)
    if chosen is None:
        return None
    account, as_link = chosen
    notified = Delivery(new_id(), account, as_link)
    place = (account.channel, account.conversation or "", "")
    language = notice.say.language or person.language or person.last_language or DEFAULT_LANGUAGE
    envelope = Envelope(WAITING if as_link else notice.say, language)
    if links.available:
        envelope = replace(
            envelope,
            page=notice.page or (NOTE if as_link else ""),
            unsubscribe=notice.unsubscribe if account.channel == MAIL else "",
        )
    if notice.say.choices and not as_link and account.channel != MAIL:  # where there are buttons, they need these
        commands = [choice.command for choice in notice.say.choices]
        handles = await tx.buttons.make(place, person.id, notified.message_id, commands, lasting=BUTTONS_LAST)
        envelope = replace(envelope, handles=tuple(handles))
    if notice.connect and (bot := await bot_to_start(tx, person.id, account, settings)):
        envelope = replace(envelope, footer=OFFER, connect=bot)
    stored = await tx.outbox.add(
        place[0],
        place[1],
        envelope.to_json(),
        urgency=notice.urgency,
        key=notice.key,
        person_id=person.id,
        message_id=notified.message_id,
    )
    if stored:
        await _keep(tx, person, notice, notified, envelope, links)
    return notified


async def _keep(
    tx: Transaction, person: Person, notice: Notice, notified: Delivery, envelope: Envelope, links: Links
) -> None:
    """Keep what the links in a message stand for."""
    language = envelope.language
    if page := envelope.page:
        to = {
            "to": [notified.account.channel, notified.account.conversation]
        }  # where a code goes that a press there needs
        await tx.pages.keep(
            links.at_rest(links.token(notified.message_id)),
            kind=page,
            subject=notice.subject or notified.message_id,
            person_id=person.id,
            language=language,
            content=notice.say.to_json() if page == NOTE else to,
            veiled=notified.as_link,
        )
    if envelope.connect:
        await keep_handle(tx, person.id, notified.account.user_id, notified.message_id, links, language)
    if envelope.unsubscribe:
        await tx.pages.keep(
            links.at_rest(links.token(notified.message_id, UNSUBSCRIBE)),
            kind=UNSUBSCRIBE,
            subject=envelope.unsubscribe,
            person_id=person.id,
            language=language,
            lasting=UNSUBSCRIBE_LASTS,
        )
