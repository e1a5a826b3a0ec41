"""Disconnect accounts of one person: by a command, or by the connected mailbox on a page of the bot.

By the command, the account that speaks keeps everything; the other leaves (``bot.features.accounts.separate``). By the
page, which a mail of ``bot.features.accounts.connect`` leads to, the mailbox gets back what was its own before, and the
chat account what was its. Both sides hear of it, each where it is.
"""

from __future__ import annotations

from bot.channels.networks import MAIL, named_by, network
from bot.commands.account import Disconnect
from bot.context import Act, Serves, Services, Turn
from bot.features.accounts.separate import parted, promised, separate
from bot.features.talk import offer
from bot.messages import Choice, MessageAudience, Reach, Say, Value
from bot.messages.envelope import Envelope
from bot.texts import DEFAULT_LANGUAGE
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.pages import Page
from knowledge_base.store.people import Account
from knowledge_base.store.transaction import Transaction


async def disconnect(turn: Turn, intent: Disconnect, services: Services) -> Act:
    """Let one of the other accounts go; without saying which (or not clearly), show which there are."""

    async def act(tx: Transaction) -> Say:
        others = await _others(tx, turn)
        meant = [account for account in others if _is_meant(account, intent.which.strip().lower())]
        if len(meant) != 1:
            return await _which(tx, turn, others, services)
        if code := await promised(tx, turn.person.id, meant[0]):
            return Say("disconnect.promised", {"account": _label(meant[0]), "code": code})
        roles = await tx.contacts.with_address(meant[0].user_id) if meant[0].channel == MAIL else []
        other = await separate(tx, services, turn.person.id, meant)
        where = {"channel": network(turn.inbound.address.channel)}
        mailbox = meant[0].channel == MAIL
        notice = Say("disconnect.told_mailbox", where) if mailbox else Say("disconnect.told", where)
        await _tell(tx, meant[0], other, notice)
        values: dict[str, Value] = {
            "account": _label(meant[0]),
            "roles": tuple(Say("disconnect.role", {"role": role.role}) for role in roles),
        }
        return Say("disconnect.done", values)

    return act


async def _others(tx: Transaction, turn: Turn) -> list[Account]:
    """The accounts of the person but the one that speaks."""
    own = (turn.inbound.address.channel, turn.inbound.user)
    return [
        account for account in await tx.people.accounts(turn.person.id) if (account.channel, account.user_id) != own
    ]


def _is_meant(account: Account, which: str) -> bool:
    names = (account.channel, account.user_id.lower(), f"{account.channel}:{account.user_id}".lower())
    return named_by(which) in names


async def _which(tx: Transaction, turn: Turn, others: list[Account], services: Services) -> Say:
    if not others:
        return Say("disconnect.none")
    choices = tuple(
        Choice(_label(account), Disconnect(f"{account.channel}:{account.user_id}"), numbered=True) for account in others
    )
    await offer(tx, turn, services, choices)
    return Say("disconnect.which", {"options": tuple(choice.label for choice in choices)}, choices)


def _label(account: Account) -> Say:
    """An account as its own person reads it; of a mailbox the host alone, as buttons pass every network."""
    if account.channel == MAIL:
        return Say("disconnect.mailbox", {"host": account.user_id.rpartition("@")[2]})
    return Say("disconnect.account", {"channel": network(account.channel), "id": Reach(account.user_id, own=True)})


async def _tell(tx: Transaction, left: Account, person_id: str, say: Say) -> None:
    """That it was parted, to the account that left."""
    if not (left.active and left.conversation):
        return
    person = await tx.people.get(person_id)
    language = (person and (person.language or person.last_language)) or DEFAULT_LANGUAGE
    envelope = Envelope(say, language, MessageAudience.PRIVATE, (left.user_id,))
    await tx.outbox.add(
        left.channel, left.conversation, envelope.to_json(), urgency=Urgency.NOTICE, person_id=person_id
    )


# ---------------------------------------------------------------------------------------------------------- the page


async def by_mailbox(tx: Transaction, services: Services, page: Page) -> bool:
    """Disconnect the mailbox; return ``False`` if it is not connected any more. Call it when the link was used."""
    kept = dict(page.content or {})
    accounts = await tx.people.accounts(page.person_id)
    address = kept.get("address")
    if not any((account.channel, account.user_id) == (MAIL, address) for account in accounts):
        return False
    before = {(channel, user) for channel, user in kept["accounts"]}
    leaving = [account for account in accounts if (account.channel, account.user_id) in before]
    staying = [account for account in accounts if account not in leaving and account.channel == kept["channel"]]
    now = await tx.profiles.get(page.person_id)
    owners, others = parted(kept, now)
    owner = await separate(tx, services, page.person_id, leaving, kept["introductions"], kept["language"])
    await tx.profiles.set(owner, **owners)
    await tx.profiles.set(page.person_id, **others)
    for account in staying:
        await _tell(tx, account, page.person_id, Say("disconnect.by_mailbox"))
    return True


SERVES: Serves = {Disconnect: disconnect}
