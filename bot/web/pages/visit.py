"""One request to a page behind a link: check the token, the kind and the expiry, then show or act."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qs

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bot.context import Services
from bot.messages import Say
from bot.outgoing.links import Links
from bot.web.pages.guard import Guard, client_of
from bot.web.pages.proving import MINUTES, CodeForm
from bot.web.pages.view import View, language_of
from knowledge_base.errors import StoreError
from knowledge_base.store.pages import Page

LONGEST_FORM = 4_096  # bytes
TIMES = 3  # attempts: another user may change the same introduction meanwhile
GONE, LIMITED, FOREIGN, TOO_LARGE, UNKNOWN, INVALID = 410, 429, 403, 413, 404, 422

log = structlog.get_logger()
Form = Mapping[str, Sequence[str]]
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Site:
    """The parts that every page needs. ``changed`` is called when something to send was stored."""

    services: Services
    view: View
    guard: Guard
    changed: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit by a link that the bot sent."""

    page: Page
    language: str
    form: Form  # empty for a GET
    client: str = ""  # the network address, as far as known

    def chosen(self, name: str) -> str:
        """Return the one value of a field; empty if the field is missing."""
        return next(iter(self.form.get(name, ())), "")


Show = Callable[[Site, Visit], Awaitable[Response]]


async def visit(request: Request, site: Site, kind: str, look: Show, act: Show) -> Response:
    """Show (GET, HEAD) or act (POST) if the link is of this kind; otherwise only say what is wrong."""
    language = language_of(request)
    if site.guard.is_stopped(request):
        return _wrong(site, Say("page.limited"), language, LIMITED)
    posting = request.method == "POST"
    if posting and not site.guard.is_ours(request):
        log.warning("page.foreign_origin")
        return _wrong(site, Say("page.foreign"), language, FOREIGN)
    form = await read_form(request) if posting else {}
    if form is None:
        return _wrong(site, Say("page.too_large"), language, TOO_LARGE)
    async with site.services.store.read() as tx:
        page = await tx.pages.get(Links.at_rest(request.path_params["token"]))
    if page is None or page.kind != kind:
        site.guard.missed(request)
        return _wrong(site, Say("page.unknown"), language, UNKNOWN)
    visited = Visit(page, language_of(request, page.language), form, client_of(request))
    return await (act if posting else look)(site, visited)


async def repeated(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run the work, and retry it when a concurrent change makes it fail."""
    for _ in range(TIMES - 1):
        with suppress(StoreError):
            return await work()
    return await work()


def ask_for_code(site: Site, visited: Visit, action: str, asked: CodeForm) -> Response:
    """Ask for the code that a press needs."""
    values = {
        "problem": asked.say if asked.problem else None,
        "asked": asked.say,
        "action": action,
        "chosen": f"page.code.{visited.page.kind}.{action}",
        "minutes": MINUTES,
    }
    return site.view.page("code.html", visited.language, INVALID if asked.problem else 200, switch=False, **values)


def over(site: Site, visited: Visit) -> Response:
    """Say that the link has expired or was used."""
    expired = visited.page.used_at is None and visited.page.expires_at <= site.services.store.now()
    return _wrong(site, Say("page.expired" if expired else "page.used"), visited.language, GONE)


def _wrong(site: Site, why: Say, language: str, status: int) -> Response:
    return site.view.refusal(why.key, language, status)


async def read_form(request: Request) -> Form | None:
    """Return the fields of a form; ``None`` if it is larger than any of the bot's forms or broke off."""
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LONGEST_FORM:
                return None
    except ClientDisconnect:
        return None
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {}
    try:
        return parse_qs(body.decode("ascii"), max_num_fields=50)
    except (ValueError, UnicodeDecodeError):
        return {}
