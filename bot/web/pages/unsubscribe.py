"""Unsubscribing from mails: by a press on the page, or by a mail program in one step (RFC 8058).

The standard allows no code. So a press ends only mails to this mailbox, and nothing in a chat. A contact who can be
reached only by mail gets no more requests.

The link stays valid: a second press, or a press in an older mail, has the same effect.
"""

from __future__ import annotations

from starlette.responses import Response

from bot.channels.networks import MAIL
from bot.features import introductions
from bot.messages import Say
from bot.web.pages.visit import Site, Visit, over, repeated
from knowledge_base.store.transaction import Transaction

DIGEST = "digest"  # otherwise introductions


async def look(site: Site, visited: Visit) -> Response:
    """Show the question."""
    async with site.services.store.read() as tx:
        if not tx.pages.is_open(visited.page):
            return over(site, visited)
    return site.view.page("unsubscribe.html", visited.language, subject=visited.page.subject)


async def act(site: Site, visited: Visit) -> Response:
    """Unsubscribe."""
    if not await repeated(lambda: _end(site, visited)):
        return over(site, visited)
    site.changed()
    return site.view.message(Say(f"page.unsubscribed.{visited.page.subject}"), visited.language)


async def _end(site: Site, visited: Visit) -> bool:
    """End digests or requests to this mailbox; return ``False`` if the link has expired."""
    person_id = visited.page.person_id
    async with site.services.store.begin() as tx:
        if not tx.pages.is_open(visited.page):
            return False
        if visited.page.subject == DIGEST:
            subscription = await tx.subscriptions.of_person(person_id)
            if subscription is not None and subscription.channel == MAIL:
                await tx.subscriptions.end_of_person(person_id)
        elif await _has_a_chat(tx, person_id):
            await tx.people.switch_off(person_id, MAIL)
        else:
            await introductions.object_to_all(tx, site.services, person_id)
    return True


async def _has_a_chat(tx: Transaction, person_id: str) -> bool:
    accounts = await tx.people.accounts(person_id)
    return any(account.channel != MAIL and account.active and account.conversation for account in accounts)
