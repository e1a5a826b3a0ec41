"""Confirmation of a mailbox for the digest: only its owner can read the link and press the button."""

from __future__ import annotations

from starlette.responses import Response

from bot.features.digests.by_mail import confirmed
from bot.messages import Say
from bot.web.pages.visit import GONE, Site, Visit, over


async def look(site: Site, visited: Visit) -> Response:
    """Show the question."""
    content = visited.page.content
    async with site.services.store.read() as tx:
        if content is None or not tx.pages.is_open(visited.page):
            return over(site, visited)
    return site.view.page("confirm.html", visited.language, address=content["address"])


async def act(site: Site, visited: Visit) -> Response:
    """Send digests to this mailbox from now on."""
    async with site.services.store.begin() as tx:
        page = await tx.pages.use(visited.page.token_hash)
        if page is None or page.content is None:
            return over(site, visited)
        wanted = await confirmed(tx, page.person_id, page.content["address"])
    if not wanted:
        return site.view.message(Say("page.confirm.void"), visited.language, GONE)
    site.changed()
    return site.view.message(Say("page.confirm.done"), visited.language)
