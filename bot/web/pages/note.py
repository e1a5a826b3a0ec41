"""A text that the reader's network may not carry: shown once, when the reader presses a button.

A GET shows nothing: networks and their filters fetch every link. After the first reading, the text can be read again
for half an hour (a reload, a lost connection). Then it is gone.
"""

from __future__ import annotations

from starlette.responses import Response

from bot.messages import Say
from bot.web.pages.visit import Site, Visit, over


async def look(site: Site, visited: Visit) -> Response:
    """Show that a text is waiting."""
    async with site.services.store.read() as tx:
        if visited.page.content is None or not tx.pages.is_readable(visited.page):
            return over(site, visited)
    return site.view.page("veil.html", visited.language, step="read")


async def act(site: Site, visited: Visit) -> Response:
    """Show the text."""
    async with site.services.store.begin() as tx:
        page = await tx.pages.use(visited.page.token_hash) or await tx.pages.get(visited.page.token_hash)
        if page is None or page.content is None or not tx.pages.is_readable(page):
            return over(site, visited)
    return site.view.page("note.html", visited.language, message=Say.from_json(page.content), switch=False)
