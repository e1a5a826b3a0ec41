"""Between the bot and its homeserver: requests get lost on the way, or their answers on the way back."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import unquote

import httpx


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the next request with ``part`` in its path."""

    part: str
    status: int = 0  # the proxy's own answer; 0: none, the connection breaks
    arrives: bool = False  # whether the server gets the request

    @property
    def answer(self) -> bytes:
        body = json.dumps({"errcode": "M_LIMIT_EXCEEDED", "retry_after_ms": 1_234} if self.status == 429 else {})
        return b"HTTP/1.1 %d x\r\nContent-Length: %d\r\n\r\n%s" % (self.status, len(body), body.encode())


class Proxy:
    """Hands everything on, but what is named in ``faults``."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._http = httpx.AsyncClient(timeout=60)
        self._tasks: set[asyncio.Task[None]] = set()
        self.faults: deque[Fault] = deque()
        self.happened: list[Fault] = []
        self.meanwhile: Callable[[str], Awaitable[None]] | None = None  # what happens before a request is handed on

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._begin, "127.0.0.1")
        self.url = f"http://127.0.0.1:{self._listener.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request for each connection."""
        try:
            head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            method, target, _ = head.split(" ")
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines if line)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            writer.write(await self._answer(method, target, headers.get("authorization", ""), body))
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, method: str, target: str, token: str, body: bytes) -> bytes:
        fault = self.faults[0] if self.faults and self.faults[0].part in unquote(target) else None
        if fault:
            self.happened.append(self.faults.popleft())
            if not fault.arrives:
                return fault.answer if fault.status else b""
        if self.meanwhile:
            await self.meanwhile(unquote(target))
        headers = {"Authorization": token, "Content-Type": "application/json"}
        result = await self._http.request(method, self._server + target, content=body, headers=headers)
        if fault:
            return fault.answer if fault.status else b""
        head = f"HTTP/1.1 {result.status_code} x\r\nContent-Type: application/json\r\nConnection: close\r\n"
        return f"{head}Content-Length: {len(result.content)}\r\n\r\n".encode() + result.content
