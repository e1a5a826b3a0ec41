"""The routes of all pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.types import Scope

from bot.context import Services
from bot.features.contacts.checks import PAGE as CONTACT
from bot.features.contacts.invite import PAGE as RESPONSIBLE
from bot.features.digests.by_mail import CONFIRM
from bot.outgoing.links import DISCONNECT, UNSUBSCRIBE
from bot.outgoing.notify import NOTE
from bot.web.pages import confirm, disconnect, introduction, note, public, responsible, unsubscribe
from bot.web.pages.guard import Guard
from bot.web.pages.view import View, language_of
from bot.web.pages.visit import UNKNOWN, Show, Site, visit

LINKED: dict[str, tuple[Show, Show]] = {  # the path before the token → the functions for GET and POST
    "i": (introduction.look, introduction.act),
    NOTE: (note.look, note.act),
    CONTACT: (responsible.look, responsible.act),
    CONFIRM: (confirm.look, confirm.act),
    DISCONNECT: (disconnect.look, disconnect.act),
    UNSUBSCRIBE: (unsubscribe.look, unsubscribe.act),
}
PUBLIC = {
    "/": public.home,
    "/imprint": public.imprint,
    "/privacy": public.privacy,
    "/accessibility": public.accessibility,
}
Page = Callable[[Request], Awaitable[Response]]


def page_routes(services: Services, *, changed: Callable[[], None] = lambda: None) -> list[Route]:
    """Return all routes; the last one is the 404 page. Return no routes without a public address.

    ``changed`` is called when there may be something to send.
    """
    settings = services.settings
    if not settings.web.public_url:
        return []
    view = View(
        services.texts, base=urlsplit(settings.web.public_url).path, organisation=settings.operator.organisation
    )
    site = Site(services, view, Guard(settings.web.public_url), changed)
    linked = [
        Route(f"/{kind}/{{token}}", _linked(site, kind, look, act), methods=["GET", "POST"])
        for kind, (look, act) in LINKED.items()
    ]
    known = [*linked, *(Route(path, partial(page, site=site)) for path, page in PUBLIC.items()), _robots()]
    known.append(Route(RESPONSIBLE, partial(responsible.start, site=site), methods=["GET", "POST"]))
    return [*known, _Otherwise("/{path:path}", partial(_nothing_here, site=site), methods=["GET", "POST"])]


class _Otherwise(Route):
    """A route that comes after every other, also after one that matches the address but not the method."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as ``Route`` does, but never more than partially."""
        match, child = super().matches(scope)
        return (Match.PARTIAL if match is Match.FULL else match), child


async def _nothing_here(request: Request, site: Site) -> Response:
    return site.view.refusal("page.unknown", language_of(request), UNKNOWN)


def _linked(site: Site, kind: str, look: Show, act: Show) -> Page:
    async def answer(request: Request) -> Response:
        return await visit(request, site, kind, look, act)

    return answer


def _robots() -> Route:
    async def robots(_request: Request) -> Response:
        return PlainTextResponse("User-agent: *\n" + "".join(f"Disallow: /{kind}/\n" for kind in LINKED))

    return Route("/robots.txt", robots)
