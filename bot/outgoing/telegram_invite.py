"""A link in mails by which a person connects their Telegram account, because a bot there cannot write first.

The handle in the link (128 bits) is bound to the person, works once and for 14 days; its hash is a row of the links
that were sent. What happens when it is opened is the business of ``bot.features.accounts.connect``.
"""

from __future__ import annotations

from bot.channels.networks import MAIL, started_by_users
from bot.messages import Say
from bot.outgoing.links import CONNECT, Links
from config.settings import Settings
from knowledge_base.store.database import Store
from knowledge_base.store.people import Account
from knowledge_base.store.transaction import Transaction

OFFER = Say("connect.offer")


async def note_name(tx: Transaction, channel: str, name: str) -> None:
    """What the bot is called on a network, as the network told: mails name it."""
    if await tx.facts.get(f"{channel}.name") != name:
        await tx.facts.put(f"{channel}.name", name)


async def known_name(store: Store, channel: str) -> str:
    """Return what the bot is called on a network, empty if the network has not told it."""
    async with store.read() as tx:
        return str(await tx.facts.get(f"{channel}.name") or "")


async def bot_to_start(tx: Transaction, person_id: str, account: Account, settings: Settings) -> str:
    """Return the name of the Telegram bot that a mail to this account may offer; empty if it may offer none."""
    network = started_by_users()
    if account.channel != MAIL or not network.is_set_up(settings):
        return ""
    if any(account.channel == network.name and account.active for account in await tx.people.accounts(person_id)):
        return ""
    return await _name(tx)


async def offered_with(tx: Transaction, link_at_rest: str, links: Links, settings: Settings) -> str:
    """Return the address that stands beside another link of the same mail, while it is valid; otherwise empty."""
    page = await tx.pages.get(links.at_rest(links.handle(link_at_rest)))
    bot = await _name(tx) if page and tx.pages.is_open(page) and started_by_users().is_set_up(settings) else ""
    return links.deep_link(bot, link_at_rest) if bot else ""


async def _name(tx: Transaction) -> str:
    return str(await tx.facts.get(f"{started_by_users().name}.name") or "")


async def keep_handle(
    tx: Transaction, person_id: str, address: str, message_id: str, links: Links, language: str
) -> None:
    """Keep what the link in this mail to an address stands for."""
    handle = links.handle(links.at_rest(links.token(message_id)))
    await tx.pages.keep(
        links.at_rest(handle),
        kind=CONNECT,
        subject=started_by_users().name,
        person_id=person_id,
        language=language,
        content={"address": address},
    )
