"""The web application: routes, and the headers of every response."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bot.operations.health import Health
from bot.operations.metrics import Metrics
from bot.web.routes import routes

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Cache-Control": "no-store",
}


def make_app(health: Health, metrics: Metrics, more: Sequence[BaseRoute] = ()) -> ASGIApp:
    """Return the application, with ``more`` routes of the channels; open nothing."""
    inner = Starlette(routes=[*routes(health, metrics), *more])
    inner.router.redirect_slashes = False  # it would redirect to the host that the request names
    return SafeHeaders(OneLength(inner))  # outermost: covers Starlette's own 500


class OneLength:
    """Middleware that refuses a request with two lengths: a proxy may read the other one (RFC 9112, section 6.1)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on a request with one length or none."""
        names = [name for name, _ in scope.get("headers", ())]
        if b"content-length" in names and b"transfer-encoding" in names:
            refused = PlainTextResponse("Two lengths.\n", status_code=400, headers={"Connection": "close"})
            await refused(scope, receive, send)
            return
        await self._app(scope, receive, send)


class SafeHeaders:
    """Middleware that forbids scripts, frames, type guessing and referrers, also on errors. A page may override it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add missing headers when the response starts."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded)
