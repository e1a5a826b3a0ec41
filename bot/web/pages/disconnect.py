"""A mailbox takes it back that an account was connected with it: only who reads the mail can press here."""

from __future__ import annotations

from starlette.responses import Response

from bot.features.disconnecting import by_mailbox
from bot.messages import Say
from bot.networks import network
from bot.web.pages.visit import Site, Visit, over, repeated


async def look(site: Site, visited: Visit) -> Response:
    """Ask."""
    content = visited.page.content
    async with site.services.store.read() as tx:
        if content is None or not tx.pages.is_open(visited.page):
            return over(site, visited)
    return site.view.page("disconnect.html", visited.language, channel=network(content["channel"]))


async def act(site: Site, visited: Visit) -> Response:
    """Take them apart."""
    if not await repeated(lambda: _apart(site, visited)):
        return over(site, visited)
    site.changed()
    return site.view.message(Say("page.disconnect.done"), visited.language)


async def _apart(site: Site, visited: Visit) -> bool:
    async with site.services.store.begin() as tx:
        page = await tx.pages.use(visited.page.token_hash)
        return page is not None and await by_mailbox(tx, site.services, page)
