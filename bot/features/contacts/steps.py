"""What a user tells for a claim, one thing at a time: taken, or why not."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

from bot.commands.account import Verify
from bot.commands.contacts import ClaimRole
from bot.context import Services, Turn
from bot.features.accounts import verify
from bot.features.contacts.draft import ClaimDraft, host_of, projects_of
from bot.features.dialog import prompt, says_no
from bot.features.mail_limit import is_proven_by
from bot.features.places import named
from bot.features.wording import refused_address
from bot.messages import Say
from bot.messages.without_links import has_link
from knowledge_base.ingest.personal_data import masked
from knowledge_base.ingest.persons import office_only
from knowledge_base.introductions.own_domains import is_free_mail
from knowledge_base.mail_address import typed_address
from knowledge_base.store.transaction import Transaction
from knowledge_base.vocabulary import bundled

LONGEST_ROLE = 120  # characters
MOST_CHOICES = 9
ALL = ("all", "alles", "alle", "wszystko", "wszystkie")
Set = Callable[[Transaction, Turn, ClaimDraft, str, Services], Awaitable[ClaimDraft | Say]]


async def _address(tx: Transaction, turn: Turn, _draft: ClaimDraft, value: str, services: Services) -> ClaimDraft | Say:
    """Send a code to the mailbox, unless the user proved it before."""
    address = typed_address(value)
    if address is None:
        return refused_address(value)
    if is_free_mail(address.host):
        return Say("claim.free_mail", {"host": address.host})
    if await is_proven_by(tx, turn.person.id, str(address)):
        return ClaimDraft(address=str(address))
    if refused := await verify.send_code(tx, turn, str(address), services):
        return refused
    await prompt(tx, turn, services, Verify(), then=ClaimRole())
    return Say("claim.code_sent", {"minutes": verify.MINUTES})


async def _place(_tx: Transaction, _turn: Turn, draft: ClaimDraft, value: str, services: Services) -> ClaimDraft | Say:
    places = named(value, services.search.snapshot.gazetteer)
    if len(places) == 1:
        return replace(draft, municipality=places[0].id, projects=None, topics=())
    if not places:
        return Say("claim.no_place")
    return Say(
        "claim.many_places", {"places": ", ".join(f"#{place.id} ({place.name})" for place in places[:MOST_CHOICES])}
    )


async def _role(_tx: Transaction, _turn: Turn, draft: ClaimDraft, value: str, _services: Services) -> ClaimDraft | Say:
    return replace(draft, role=value) if is_role(value) else Say("claim.no_role_name", {"longest": LONGEST_ROLE})


def is_role(text: str) -> bool:
    """Return whether a text can be a public role: short, no contact data, no link, no name of a person."""
    plain_words = masked(text) == office_only(text) == text and not has_link(text)
    return plain_words and 3 <= len(text) <= LONGEST_ROLE and not says_no(text)


async def _scope(_tx: Transaction, _turn: Turn, draft: ClaimDraft, value: str, services: Services) -> ClaimDraft | Say:
    """Take all projects, or those and the topics that the text names: "2, 3", "=id", "Mobilität, Klima"."""
    projects = projects_of(draft.municipality, services.search)
    if value.lower().strip(" .!") in ALL:
        topics = {topic.id for project in projects for raw in project.topics if (topic := bundled().topic_of(raw))}
        return replace(draft, projects=tuple(project.id for project in projects), topics=tuple(sorted(topics)))
    chosen, named_topics, unknown = list(draft.projects or ()), list(draft.topics), []
    listed = {str(number): project.id for number, project in enumerate(projects[: MOST_CHOICES - 1], start=2)}
    listed |= {f"={project.id}": project.id for project in projects}
    for part in filter(None, (part.strip(" .") for part in re.split(r"[,;|]", value))):
        if project := listed.get(part):
            chosen.append(project)
        elif topic := bundled().topic_of(part):
            named_topics.append(topic.id)
        else:
            unknown.append(part)
    if unknown:
        return Say("claim.no_scope", {"unknown": ", ".join(unknown)[:100]})
    return replace(draft, projects=tuple(dict.fromkeys(chosen)), topics=tuple(dict.fromkeys(named_topics)))


async def _deputy(
    _tx: Transaction, _turn: Turn, draft: ClaimDraft, value: str, _services: Services
) -> ClaimDraft | Say:
    """Take an office mailbox at the same domain: who names another domain's would write to strangers."""
    if says_no(value):
        return replace(draft, deputy="")
    address = typed_address(value)
    if address is None:
        return refused_address(value)
    if address.host != host_of(draft.address) or str(address) == draft.address:
        return Say("claim.no_deputy", {"host": host_of(draft.address)})
    return replace(draft, deputy=str(address))


SET: dict[str, Set] = {"address": _address, "place": _place, "role": _role, "scope": _scope, "deputy": _deputy}
EMPTY: dict[str, dict[str, Any]] = {
    "address": {"address": ""},
    "place": {"municipality": "", "projects": None, "topics": ()},
    "role": {"role": ""},
    "scope": {"projects": None, "topics": ()},
    "deputy": {"deputy": None},
}
SENDS_NOTHING = ("verify.locked", "verify.too_often", "verify.full")
