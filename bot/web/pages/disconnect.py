"""Unlinking an account from a mailbox: the press counts only with a code sent to that mailbox."""

from __future__ import annotations

from starlette.responses import Response

from bot.channels.networks import network
from bot.features.accounts.disconnect import by_mailbox
from bot.messages import Say
from bot.web.pages.proving import CodeForm, Press, proven
from bot.web.pages.visit import Site, Visit, ask_for_code, over, repeated

ACTION = "apart"


async def look(site: Site, visited: Visit) -> Response:
    """Show the question."""
    content = visited.page.content
    async with site.services.store.read() as tx:
        if content is None or not tx.pages.is_open(visited.page):
            return over(site, visited)
    return site.view.page("disconnect.html", visited.language, channel=network(content["channel"]))


async def act(site: Site, visited: Visit) -> Response:
    """Unlink the account."""
    done = await repeated(lambda: _apart(site, visited))
    if done is None:
        return over(site, visited)
    site.changed()
    if isinstance(done, CodeForm):
        return ask_for_code(site, visited, ACTION, done)
    return site.view.message(done, visited.language)


async def _apart(site: Site, visited: Visit) -> Say | CodeForm | None:
    """Unlink the account; return ``None`` if the link is used up or expired."""
    async with site.services.store.begin() as tx:
        page = await tx.pages.open_alone(visited.page.token_hash)
        if page is None:
            return None
        press = Press(page, ACTION, visited.chosen("code"), visited.client)
        code = await proven(tx, site.services, press)
        if isinstance(code, CodeForm):
            return code
        await tx.pages.use(page.token_hash)
        await tx.pages.use(code)
        return Say("page.disconnect.done") if await by_mailbox(tx, site.services, page) else None
