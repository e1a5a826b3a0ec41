"""The HTTP side: tokens, methods, faults, and the side channel of violations."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from tests.telegram_api.errors import Refusal
from tests.telegram_api.faults import Fault
from tests.telegram_api.methods import Methods
from tests.telegram_api.polling import Delivery
from tests.telegram_api.validation import answer_problems, decoded, methods, problems
from tests.telegram_api.world import TOKEN, World

LONG_POLL = "getupdates"


@dataclass(frozen=True)
class Call:
    """One call as it came, and how it was answered (0: not at all)."""

    method: str
    params: Mapping[str, Any]
    at: float
    status: int
    raw: str


class LoopbackApi:
    """``async with LoopbackApi() as api``: listens on a free port of the loopback interface until the block ends."""

    def __init__(self, token: str = TOKEN, world: World | None = None) -> None:
        self.token = token
        self.world = world or World()
        self.delivery = Delivery(self.world)
        self.faults: list[Fault] = []
        self.calls: list[Call] = []
        self.violations: list[str] = []
        self.base_url = ""
        self._methods = Methods(self.world)
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def listen(self, port: int = 0) -> None:
        """Open the port; ``base_url`` is what the bot's setting needs."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        self.base_url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/bot"

    async def close(self) -> None:
        """The server stops answering; the world stays."""
        await self.delivery.close()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    def fail(self, *faults: Fault) -> None:
        """Script failures of the calls to come."""
        self.faults += faults

    def called(self, method: str) -> list[Call]:
        """The calls of one method, oldest first."""
        return [call for call in self.calls if call.method.lower() == method.lower()]

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        match = re.fullmatch(r"/bot([^/]*)/(?:test/)?(\w+)", request.path)
        if match is None:
            return _reply(404, {"ok": False, "error_code": 404, "description": "Not Found"})
        token, method = match.groups()
        params = decoded(await _params(request))
        fault = next((fault for fault in self.faults if fault.strikes(method, params)), None)
        at, status = time.monotonic(), 0
        try:
            if fault and fault.kind != "reply_lost":
                response = await self._broken(fault, request)
            else:
                response = await self._answer(token, method, params)
                if fault:
                    _hang_up(request)
            status = response.status
            return response
        finally:
            if method.lower() != LONG_POLL or status != 200:
                self.calls.append(Call(method, params, at, status, json.dumps(params, ensure_ascii=False, default=str)))
            self.world.notify()

    async def _broken(self, fault: Fault, request: web.Request) -> web.Response:
        match fault.kind:
            case "refuse":
                return _reply(fault.code, Refusal(fault.code, fault.description, fault.parameters).body())
            case "raw":
                return web.Response(status=fault.code, text=fault.body, content_type="text/html")
            case "hang":
                await asyncio.sleep(fault.seconds)
        _hang_up(request)
        return web.Response()

    async def _answer(self, token: str, method: str, params: Mapping[str, Any]) -> web.Response:
        try:
            if token != self.token:
                valid = re.fullmatch(r"[1-9]\d{0,18}:[\w-]{1,80}", token)
                raise Refusal(401, "Unauthorized" if valid else "Unauthorized: invalid token specified")  # noqa: TRY301
            if method.lower() not in methods():
                raise Refusal(404, "Not Found: method not found")  # noqa: TRY301
            self.violations += problems(method, params)
            result = await self._call(method.lower(), params)
        except Refusal as refusal:
            return _reply(refusal.code, refusal.body())
        self.violations += answer_problems(method, result) if method.lower() != LONG_POLL else []
        return _reply(200, {"ok": True, "result": result})

    async def _call(self, method: str, params: Mapping[str, Any]) -> Any:
        match method:
            case "getupdates":
                return await self.delivery.get_updates(params)
            case "setwebhook":
                return self.delivery.set_webhook(params)
            case "deletewebhook":
                return self.delivery.delete_webhook(params)
            case "getwebhookinfo":
                return self.delivery.webhook_info()
        run = getattr(self._methods, method, None)
        if run is None:
            self.violations.append(f"{method}: the loopback API does not know this method yet")
            raise Refusal(404, "Not Found: method not found")
        return run(params)


async def _params(request: web.Request) -> dict[str, Any]:
    params: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        params |= await request.json() if await request.text() else {}
    else:
        params |= dict((await request.post()).items())
    return params


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def _reply(status: int, body: Mapping[str, Any]) -> web.Response:
    return web.json_response(body, status=status)  # in ASCII, as the real server writes it
