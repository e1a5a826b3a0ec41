"""Accounts of one person become another person's: on the wish of the person, or of the mailbox that was connected.

Who leaves takes what came by these accounts alone (``knowledge_base.store.separating``), and what protects people: the
wish to be left alone, and what limits requests. The bot sends open requests again to their new owner, because the old
links have expired.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from bot.channels.networks import MAIL
from bot.channels.policy import DataClass, may_pass
from bot.context import Services
from bot.features.introductions.erasure import carry
from bot.features.introductions.notify import again
from bot.features.introductions.view import language_of
from bot.outgoing.notify import usable
from knowledge_base.introductions.values import ASKED, Introduction, Side, State
from knowledge_base.store.people import Account
from knowledge_base.store.profiles import Profile
from knowledge_base.store.transaction import Transaction

PROVEN = ("municipality", "verified_at", "verified_address")
GOES_ON = ("refuses", "paused_until")  # on whichever account it was said
FIELDS = (*PROVEN, *GOES_ON, "name", "phone", "prefers")
UNDER_WAY = (*ASKED, State.QUEUED, State.OPENING)


async def promised(tx: Transaction, person_id: str, leaving: Account) -> str:
    """Return the code of an open introduction in which the person agreed to show this account; empty if none."""
    shown = {(leaving.channel, leaving.user_id), (leaving.channel, f"@{leaving.public_name}")}
    for introduction in await tx.introductions.of(person_id):
        shares = introduction.asker_shares if introduction.asker == person_id else introduction.contact_shares
        if introduction.state in UNDER_WAY and shown.intersection(shares):
            return introduction.code
    return ""


async def separate(
    tx: Transaction,
    services: Services,
    person_id: str,
    leaving: Sequence[Account],
    also: Collection[str] = (),
    language: str = "",
) -> str:
    """Give accounts of a person to a new one; returns its id.

    ``also``: introductions that go, too (their ids); ``language``: of the new one, where it is not the person's.
    """
    accounts = await tx.people.accounts(person_id)
    staying = [account for account in accounts if account not in leaving]
    await carry(tx, services, person_id, [f"{account.channel}:{account.user_id}" for account in leaving])
    await tx.blocks.share(services.secret, person_id)
    profile = await tx.profiles.get(person_id)
    instead = next(iter(usable(staying, services.settings, profile.prefers or None)), None)
    theirs = {*also, *(introduction.id for introduction in await _addressed(tx, person_id, leaving))}
    other = await tx.profiles.part(person_id, leaving, theirs, instead=instead)
    if language:
        await tx.people.choose_language(other, None)
        await tx.people.spoke(other, language)
    await _profiles(tx, profile, other, leaving, staying)
    by_link = any(_got_links(account, services) for account in leaving)
    for person in (other, *([person_id] if by_link else [])):
        for introduction in await tx.introductions.of(person, Side.CONTACT):
            if introduction.state in ASKED:
                await again(tx, services, introduction, other)
    return other


def _got_links(account: Account, services: Services) -> bool:
    """Whether requests were told there by links, which are over now."""
    return account.channel == MAIL or not may_pass(account.channel, DataClass.CONTACT_DATUM, services.settings)


async def _addressed(tx: Transaction, person_id: str, leaving: Sequence[Account]) -> list[Introduction]:
    """What the person is asked as the contact behind a mailbox that leaves."""
    roles = [
        role.id
        for account in leaving
        if account.channel == MAIL
        for role in await tx.contacts.with_address(account.user_id)
    ]
    return [
        introduction
        for introduction in await tx.introductions.of(person_id, Side.CONTACT)
        if introduction.contact in roles
    ]


async def _profiles(
    tx: Transaction, before: Profile, other: str, leaving: Sequence[Account], staying: Sequence[Account]
) -> None:
    """A proof goes with the mailbox that it came by; the wish to be left alone holds for both."""
    gone = any(account.channel == MAIL and account.user_id == before.verified_address for account in leaving)
    taken: dict[str, Any] = {name: getattr(before, name) for name in (*GOES_ON, *(PROVEN if gone else ()))}
    if any(taken.values()):
        await tx.profiles.set(other, **taken)
    changes: dict[str, Any] = {"verified_at": None, "verified_address": ""} if gone else {}
    if before.prefers and before.prefers not in {account.channel for account in staying}:
        changes["prefers"] = ""
    if changes:
        await tx.profiles.set(before.person_id, **changes)


# ------------------------------------------------------------------------------------------------- taking a link back


async def before(tx: Transaction, owner: str, account: str) -> dict[str, Any]:
    """Return the two persons as they are before they become one, as JSON, so that it can be undone."""
    accounts = await tx.people.accounts(owner)
    person = await tx.people.get(owner)
    return {
        "language": language_of(person),
        "accounts": [[account.channel, account.user_id] for account in accounts],
        "introductions": [introduction.id for introduction in await tx.introductions.of(owner)],
        "owner": as_json(await tx.profiles.get(owner)),
        "account": as_json(await tx.profiles.get(account)),
    }


def parted(kept: dict[str, Any], now: Profile) -> tuple[dict[str, Any], dict[str, Any]]:
    """The changes that give both their own again: the owner's profile, and the other's.

    What was told since then stays with the one who told it; what came by the connection goes. A wish to be left alone
    that was said since holds for both: it may have been said on the page behind a mail.
    """
    owner, account, both = (_from_json(kept[name]) for name in ("owner", "account", "both"))
    wished = {name: getattr(now, name) for name in GOES_ON}
    owner |= {name: value for name, value in wished.items() if value and value != both[name]}
    theirs = {name: account[name] for name in both if getattr(now, name) == both[name]}
    return owner, theirs


def as_json(profile: Profile) -> dict[str, Any]:
    """Return a profile as JSON."""
    values = {name: getattr(profile, name) for name in FIELDS}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


def _from_json(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: datetime.fromisoformat(value) if name.endswith(("_at", "_until")) and value else value
        for name, value in values.items()
    }
