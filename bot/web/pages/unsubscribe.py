"""The end of mails: by a press on the page, or by a mail program in one step (RFC 8058).

The link stays good: who presses it again, or by an older mail, wants the same.
"""

from __future__ import annotations

from starlette.responses import Response

from bot.messages import Say
from bot.web.pages.visit import Site, Visit, over
from knowledge_base.store.transaction import Transaction

DIGEST, INTRODUCTIONS = "digest", "introductions"


async def look(site: Site, visited: Visit) -> Response:
    """Ask."""
    async with site.services.store.read() as tx:
        if not tx.pages.is_open(visited.page):
            return over(site, visited)
    return site.view.page("unsubscribe.html", visited.language, what=visited.page.subject)


async def act(site: Site, visited: Visit) -> Response:
    """End it."""
    async with site.services.store.begin() as tx:
        if not tx.pages.is_open(visited.page):
            return over(site, visited)
        await end(tx, visited.page.subject, visited.page.person_id)
    site.changed()
    return site.view.message(Say(f"page.unsubscribed.{visited.page.subject}"), visited.language)


async def end(tx: Transaction, what: str, person_id: str) -> None:
    """No more digests, or no more introductions, for this person."""
    if what == DIGEST:
        await tx.subscriptions.end_of_person(person_id)
    else:
        await tx.profiles.set(person_id, refuses=True)
