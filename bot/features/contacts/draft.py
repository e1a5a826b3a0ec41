"""A claim while its author still writes it. It lies in the context of the chat, which is deleted after a while.

So nothing of it is stored for good before the yes, and a user who leaves in between finds it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from bot.channels.networks import MAIL
from bot.context import Services, Turn
from bot.features.places import name_of, proven_by
from knowledge_base.introductions.own_domains import is_free_mail, own_hosts
from knowledge_base.model import Municipality, Project
from knowledge_base.search.service import SearchService
from knowledge_base.store.people import Account
from knowledge_base.store.transaction import Transaction

THREAD = "claim"  # of the context that holds it: no network has such a thread


@dataclass(frozen=True, slots=True)
class ClaimDraft:
    """What the author told so far; ``None``: not asked yet."""

    address: str = ""  # office mailbox
    municipality: str = ""  # id
    role: str = ""
    projects: tuple[str, ...] | None = None  # ids
    topics: tuple[str, ...] = ()  # ids
    deputy: str | None = None  # office mailbox; empty: none

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Self:
        """Return the draft that a context holds."""
        known: dict[str, Any] = {field.name: stored[field.name] for field in fields(cls) if field.name in stored}
        lists = {name: tuple(value) for name, value in known.items() if isinstance(value, list)}
        return cls(**known | lists)

    @property
    def missing(self) -> str:
        """Return the step that asks for the next thing; empty: all is told."""
        told = {
            "address": self.address,
            "place": self.municipality,
            "role": self.role,
            "scope": self.projects is not None,
            "deputy": self.deputy is not None,
        }
        return next((step for step, value in told.items() if not value), "")

    @property
    def mark(self) -> str:
        """Return eight characters that another content would not have."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:8]


def _key(turn: Turn) -> tuple[str, str, str, str]:
    place = turn.inbound.address
    return (place.channel, place.conversation, THREAD, turn.person.id)


async def load(tx: Transaction, turn: Turn, services: Services) -> ClaimDraft:
    """Return the draft of this chat; a mailbox that the author proved before needs no second proof."""
    context = await tx.people.context(_key(turn), younger_than=services.context_lasts)
    draft = ClaimDraft.of(dict(context.query or {})) if context else ClaimDraft()
    own = office_mailboxes(await tx.people.accounts(turn.person.id))
    if draft.address in own:
        return draft
    verified = (await tx.profiles.get(turn.person.id)).verified_address
    address = verified if verified in own else next(iter(own), "")
    return ClaimDraft(address=address)


async def save(tx: Transaction, turn: Turn, draft: ClaimDraft) -> None:
    """Keep the draft in the context of this chat."""
    await tx.people.remember(_key(turn), asdict(draft), None, ())


async def drop(tx: Transaction, turn: Turn) -> None:
    """Forget the draft."""
    await tx.people.remember(_key(turn), None, None, ())


def office_mailboxes(accounts: Sequence[Account]) -> list[str]:
    """Return the proven mailboxes that can be an office's."""
    mailboxes = (account.user_id for account in accounts if account.channel == MAIL and account.active)
    return [address for address in mailboxes if not is_free_mail(host_of(address))]


def host_of(address: str) -> str:
    """Return the host of a mail address in its normal form."""
    return address.rpartition("@")[2]


def projects_of(municipality: str, search: SearchService) -> tuple[Project, ...]:
    """Return the projects of a municipality by its id, joint ones included."""
    snapshot = search.snapshot
    name = name_of(municipality, snapshot.gazetteer)
    return tuple(
        project
        for project in snapshot.index.projects
        if name in project.members or municipality in snapshot.introducible.ids_of(project.municipality)
    )


def municipalities_of(host: str, search: SearchService) -> list[Municipality]:
    """Return the municipalities with this mail domain, by their record or by their own pages."""
    gazetteer = search.snapshot.gazetteer
    known = {place.id: place for place in proven_by(host, gazetteer)}
    if is_free_mail(host):
        return []
    naming = (
        project
        for project in search.snapshot.index.projects
        if any(f"//{host}" in address or f"//www.{host}" in address for address in (project.url, *project.sources))
    )
    for project in naming:
        for row in gazetteer.rows_named(project.municipality):
            place = gazetteer.municipalities[row]
            if host in own_hosts(place, [project]):
                known[place.id] = place
    return list(known.values())
