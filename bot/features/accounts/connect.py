"""Connect a Telegram account with the mailbox that received the bot's link.

The link alone proves nothing: a mail can be passed on. It only spares its reader typing the address. Opening it changes
nothing; the bot names the mailbox and asks. After a yes a code goes to that mailbox, and the account is
connected when the code is entered in the chat, exactly as with ``bot.features.accounts.verify``. The link is refused to
an account that has a mailbox of its own, and when the owner has such an account already: then the link was passed on,
and the owner is told. The mailbox hears of every connection.
"""

from __future__ import annotations

import re

from bot.channels.networks import MAIL, network
from bot.commands.account import Verify
from bot.commands.command import NO, YES
from bot.commands.general import Start
from bot.context import Act, Serves, Services, Turn
from bot.features import help as guide
from bot.features.accounts import verify as verifying
from bot.features.accounts.separate import as_json, before
from bot.features.accounts.verify import prove
from bot.features.privacy_notice import operator
from bot.messages import Choice, MessageAudience, Say, Value
from bot.messages.envelope import Envelope
from bot.outgoing.links import CONNECT, DISCONNECT, Links
from bot.outgoing.notify import Notice, tell
from knowledge_base.store.outbox import Urgency, new_id
from knowledge_base.store.pages import Page
from knowledge_base.store.transaction import Transaction

HANDLE = re.compile(r"[A-Za-z0-9_-]{22}")
CHOICES = (
    Choice(Say("choice.connect_yes"), Verify("yes"), numbered=True),
    Choice(Say("choice.connect_no"), Verify("no"), numbered=True),
)
OVER = Say("connect.over")


async def start(turn: Turn, intent: Start, services: Services) -> Act:
    """Introduce the bot; to who comes by a link of a mail, ask whether the mailbox is theirs."""
    welcome, handle = await guide.welcome(turn), intent.handle
    if not turn.inbound.private or not HANDLE.fullmatch(handle):
        return welcome

    async def act(tx: Transaction) -> Say:
        page = await tx.pages.get(Links.at_rest(handle))
        if page is None or page.kind != CONNECT:
            return await welcome(tx)
        return await _ask(tx, turn, page, services)

    return act


async def _ask(tx: Transaction, turn: Turn, page: Page, services: Services) -> Say:
    if refused := await _refused(tx, turn, page, services):
        return refused
    await tx.people.remember(turn.context_key, {CONNECT: page.token_hash}, None, [choice.command for choice in CHOICES])
    address = _address(page)
    roles = await tx.contacts.with_address(address)
    values: dict[str, Value] = {
        "host": address.rpartition("@")[2],
        "roles": tuple(Say("connect.role", {"role": role.role, "municipality": role.municipality}) for role in roles),
        "yes": CHOICES[0].label,
        "no": CHOICES[1].label,
    }
    return Say("connect.ask", values, CHOICES)


async def _refused(tx: Transaction, turn: Turn, page: Page, services: Services) -> Say | None:
    """Why this account cannot be connected by this link; ``None``: it can."""
    if page.person_id == turn.person.id:
        return Say("connect.already")
    if not tx.pages.is_open(page) or not _address(page):
        return OVER
    channel = turn.inbound.address.channel
    owners, mine = await tx.people.accounts(page.person_id), await tx.people.accounts(turn.person.id)
    has_one = any(account.channel == channel and account.active for account in owners)
    if not has_one and all(account.channel != MAIL for account in mine):
        return None
    if owner := await tx.people.get(page.person_id):
        notice = Notice(Say("connect.tried", {"channel": network(channel)}), f"connect:{page.token_hash[:32]}:tried")
        await tell(tx, owner, notice, settings=services.settings, links=services.links)
    return Say("connect.taken")


async def verify(turn: Turn, intent: Verify, services: Services) -> Act:
    """Yes or no to the question of ``start``; everything else is about an address or its code."""
    word = intent.text.strip().lower()
    if turn.awaited or word not in (*YES.values(), *NO.values()):
        return await verifying.verify(turn, intent, services, _proved)
    return _decide(turn, services, yes=word in YES.values())


def _decide(turn: Turn, services: Services, *, yes: bool) -> Act:
    """Send a code to the mailbox, or leave everything as it is."""

    async def act(tx: Transaction) -> Say:
        page = await _asked_about(tx, turn, services)
        if page is None:
            return OVER
        await tx.people.remember(turn.context_key, {CONNECT: page.token_hash} if yes else None, None, [])
        if not yes:
            return Say("connect.left")
        if refused := await _refused(tx, turn, page, services):
            return refused
        if refused := await verifying.send_code(tx, turn, _address(page), services, owner=page.person_id):
            return refused
        return Say("connect.code", {"minutes": verifying.MINUTES})

    return act


async def _asked_about(tx: Transaction, turn: Turn, services: Services) -> Page | None:
    """Return the link that this chat speaks of; ``None``: it speaks of none, or that is too long ago."""
    last = await tx.people.context(turn.context_key, younger_than=services.context_lasts)
    asked = last and last.query and last.query.get(CONNECT)
    return await tx.pages.get(asked) if asked else None


async def _proved(tx: Transaction, turn: Turn, address: str, services: Services) -> Say:
    """Connect the mailbox of the link that this chat speaks of, else that of the address which was typed."""
    page = await _asked_about(tx, turn, services)
    if page is None or _address(page) != address or await tx.pages.use(page.token_hash) is None:
        return await prove(tx, turn, address, services)
    await tx.people.remember(turn.context_key, None, None, [])
    channel = turn.inbound.address.channel
    kept = await before(tx, page.person_id, turn.person.id)
    proven = await prove(tx, turn, address, services)
    kept["both"] = as_json(await tx.profiles.set(turn.person.id, prefers=channel))
    await _tell_mailbox(tx, turn, page, kept | {"address": address, "channel": channel}, services)
    return Say("connect.done", {"municipality": proven.values["municipality"]})


async def _tell_mailbox(tx: Transaction, turn: Turn, page: Page, before: dict[str, object], services: Services) -> None:
    """A mail to the mailbox, with a link by which it takes the connection back."""
    reach = services.settings.operator.email or services.settings.smtp.reply_to or operator(services.settings)
    values: dict[str, Value] = {"channel": network(turn.inbound.address.channel), "reach": reach}
    linked = services.links.available
    mail = Say("connect.mail", values) if linked else Say("connect.mail_without_page", values)
    address, message_id = _address(page), new_id()
    envelope = Envelope(mail, page.language, MessageAudience.PRIVATE, (address,), page=DISCONNECT)
    await tx.outbox.add(
        MAIL, address, envelope.to_json(), urgency=Urgency.NOTICE, person_id=turn.person.id, message_id=message_id
    )
    await tx.pages.keep(
        services.links.at_rest(services.links.token(message_id)), kind=DISCONNECT, subject=CONNECT,
        person_id=turn.person.id, language=page.language, content=before,
    )  # fmt: skip


def _address(page: Page) -> str:
    return str((page.content or {}).get("address", ""))


SERVES: Serves = {Start: start}  # ``Verify`` is served by a claim, which may wait for the code
