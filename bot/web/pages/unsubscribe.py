"""The end of mails: by a press on the page, or by a mail program in one step (RFC 8058).

The link stays good: who presses it again, or by an older mail, wants the same.
"""

from __future__ import annotations

from starlette.responses import Response

from bot import introducing
from bot.messages import Say
from bot.web.pages.visit import Site, Visit, over, repeated

DIGEST = "digest"  # else introductions


async def look(site: Site, visited: Visit) -> Response:
    """Ask."""
    async with site.services.store.read() as tx:
        if not tx.pages.is_open(visited.page):
            return over(site, visited)
    return site.view.page("unsubscribe.html", visited.language, what=visited.page.subject)


async def act(site: Site, visited: Visit) -> Response:
    """End it."""
    if not await repeated(lambda: _end(site, visited)):
        return over(site, visited)
    site.changed()
    return site.view.message(Say(f"page.unsubscribed.{visited.page.subject}"), visited.language)


async def _end(site: Site, visited: Visit) -> bool:
    """No more digests, or no more introductions, for this person; ``False``: the link is too old."""
    async with site.services.store.begin() as tx:
        if not tx.pages.is_open(visited.page):
            return False
        if visited.page.subject == DIGEST:
            await tx.subscriptions.end_of_person(visited.page.person_id)
        else:
            await introducing.object_to_all(tx, site.services, visited.page.person_id)
    return True
