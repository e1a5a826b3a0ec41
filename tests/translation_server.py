"""A server with the LibreTranslate API on the loopback interface, which fails when the test says so."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.ports import free_port

KEY = "key-of-the-server"
LANGUAGES = [{"code": code, "name": code, "targets": ["de", "en", "pl"]} for code in ("de", "en", "pl")]


@dataclass
class TranslationServer:
    """``faults``: for the next requests an HTTP status, or a body that is sent instead of the answer."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    faults: deque[int | str] = field(default_factory=deque)
    languages: Any = field(default_factory=lambda: LANGUAGES)

    async def translate(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.asked.append(body)
        if self.faults:
            return self._fault(self.faults.popleft())
        if body.get("api_key") != KEY:
            return web.json_response({"error": "Invalid API key"}, status=403)
        if {body["source"], body["target"]} - {entry["code"] for entry in LANGUAGES} or body["format"] != "text":
            return web.json_response({"error": f"{body['target']} is not supported"}, status=400)
        return web.json_response({"translatedText": [f"{body['target']}: {text}" for text in body["q"]]})

    async def list_languages(self, _request: web.Request) -> web.Response:
        return self._fault(self.faults.popleft()) if self.faults else web.json_response(self.languages)

    def _fault(self, fault: int | str) -> web.Response:
        if isinstance(fault, int):
            return web.json_response({"error": "no"}, status=fault)
        return web.Response(text=fault, content_type="application/json")


@asynccontextmanager
async def translation_server() -> AsyncIterator[TranslationServer]:
    """The server, until the end of the block."""
    server, port = TranslationServer(), free_port()
    server.url = f"http://127.0.0.1:{port}"
    app = web.Application()
    app.add_routes([web.post("/translate", server.translate), web.get("/languages", server.list_languages)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield server
    finally:
        await runner.cleanup()


def answer(*texts: object) -> str:
    """A body of an answer with these texts."""
    return json.dumps({"translatedText": list(texts)})
