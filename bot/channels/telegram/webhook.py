"""Updates by webhook: stored before Telegram gets its 200; after any other status Telegram sends them again."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.channels.telegram.albums import Albums
from bot.channels.telegram.api import Api, load
from bot.channels.telegram.normalise import KINDS
from bot.channels.telegram.receive import Attempts, Take

log = structlog.get_logger()

PATH = "/telegram/webhook"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - its name, not its value
LARGEST = 1024 * 1024  # bytes of an update; Telegram's own are far smaller
LOOK_EVERY_S = 30.0
CONNECTIONS = 20


def secret_of(token: str) -> str:
    """Return the secret that only Telegram and the bot know: the same in every process, without configuration."""
    return hmac.new(token.encode(), b"stadtlotse webhook", "sha256").hexdigest()


class Webhook:
    """A receiver with an HTTP route of its own, which keeps its registration up to date."""

    def __init__(self, api: Api, public_url: str, secret: str, take: Callable[[], Take | None]) -> None:
        self._api = api
        self._url = f"{public_url}{PATH}"
        self._secret = secret
        self._take = take

    @property
    def route(self) -> Route:
        return Route(PATH, self.receive, methods=["POST"])

    async def receive(self, request: Request) -> Response:
        """Store one update."""
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            return PlainTextResponse("", status_code=403)
        take = self._take()
        if take is None:
            return PlainTextResponse("", status_code=503)
        payload = await _body(request)
        if payload is None:
            return PlainTextResponse("", status_code=413)
        try:
            update: Any = load(payload)
        except ValueError:
            return PlainTextResponse("", status_code=400)
        return await self._keep(take, [update])

    async def _keep(self, take: Callable[[Sequence[Any]], Awaitable[None]], updates: Sequence[Any]) -> Response:
        try:
            await take(updates)
        except Exception as error:  # noqa: BLE001 - not stored: Telegram sends it again
            log.error("telegram.update_not_stored", error=type(error).__name__)  # noqa: TRY400 - the store logs its own
            return PlainTextResponse("", status_code=500)
        return PlainTextResponse("")

    async def run(self, attempts: Attempts, albums: Albums) -> None:
        """Register, then check regularly that the registration still stands."""
        while True:
            try:
                await self._look()
                attempts.succeeded()
                await albums.rest(LOOK_EVERY_S)
            except Exception as error:  # noqa: BLE001 - nothing from outside may end this loop
                await asyncio.sleep(max(1.0, attempts.failed(error).pause))

    async def _look(self) -> None:
        known = await self._api.bot.get_webhook_info()
        if known.last_error_message:
            log.warning("telegram.webhook_fails", waiting=known.pending_update_count)
        if known.url != self._url or set(known.allowed_updates or ()) != set(KINDS):
            await self._api.bot.set_webhook(
                self._url,
                allowed_updates=list(KINDS),
                secret_token=self._secret,
                max_connections=CONNECTIONS,
                drop_pending_updates=False,
            )
            log.info("telegram.webhook_set")


async def _body(request: Request) -> bytes | None:
    """Return the body; ``None`` if it is larger than any update."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > LARGEST:
            return None
    return bytes(body)
