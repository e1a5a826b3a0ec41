"""Requests that no browser sends, over a real socket, as an attacker would send them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.operations.health import Health
from bot.operations.metrics import Metrics
from bot.web.app import make_app
from bot.web.server import serve
from tests.patience import PATIENCE_S

HOST = b"Host: lotse.example\r\n"


class Echo:
    """An application that notes its requests and the clients that disconnected."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    async def answer(self, request: Request) -> Response:
        try:
            body = await request.body()
        except ClientDisconnect:
            self.seen.append("gone")
            raise
        self.seen.append(f"{request.method} {request.url.path} {len(body)}")
        return PlainTextResponse("ok")


@asynccontextmanager
async def server(echo: Echo) -> AsyncIterator[tuple[str, int]]:
    app = make_app(Health(), Metrics([], []), [Route("/echo", echo.answer, methods=["GET", "POST"])])
    listening: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(app, "127.0.0.1", 0, listening.set_result))
    try:
        parts = urlsplit(await asyncio.wait_for(listening, PATIENCE_S))
        yield str(parts.hostname), int(parts.port or 0)
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


async def until_closed(place: tuple[str, int], *sent: bytes, half: bool = False) -> bytes:
    """All that the server sends until it closes the connection. ``half``: the client announces the end of its data."""
    reader, writer = await asyncio.open_connection(*place)
    try:
        for part in sent:
            writer.write(part)
            await writer.drain()
        if half:
            writer.write_eof()
        return await asyncio.wait_for(reader.read(), PATIENCE_S)
    finally:
        writer.close()


SMUGGLED = b"GET /echo HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 60\r\n\r\n0\r\n\r\n",
        b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"Content-Length: +5\r\n\r\nabcde",
        b"Content-Length: 5, 6\r\n\r\nabcdef",
        b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n5;a\nb\r\nabcde\r\n0\r\n\r\n",
    ],
)
async def test_request_with_ambiguous_length_is_refused(framing: bytes) -> None:
    """A proxy that reads the length differently would let a hidden second request through."""
    echo = Echo()
    async with server(echo) as place:
        said = await until_closed(place, b"POST /echo HTTP/1.1\r\n" + HOST + framing + SMUGGLED, half=True)
    assert said.startswith(b"HTTP/1.1 400")
    assert echo.seen in ([], ["gone"])


@pytest.mark.parametrize("path", ["/echo/", "//evil.example/", "/metrics/", "/healthz/"])
async def test_server_never_redirects_to_the_host_of_the_request(path: str) -> None:
    async with server(Echo()) as place:
        head = f"GET {path} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
        said = await until_closed(place, head.encode())
    assert said.startswith(b"HTTP/1.1 404")
    assert b"evil" not in said


@pytest.mark.parametrize("head", [b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"])
async def test_request_without_exactly_one_host_is_refused(head: bytes) -> None:
    async with server(Echo()) as place:
        assert (await until_closed(place, head)).startswith(b"HTTP/1.1 400")


async def test_endless_headers_are_refused() -> None:
    echo = Echo()
    async with server(echo) as place:
        head = b"GET /echo HTTP/1.1\r\n" + HOST + b"A: " + b"x" * 70_000  # more than h11 keeps, and no end of it
        assert (await until_closed(place, head)).startswith(b"HTTP/1.1 400")
    assert echo.seen == []


async def test_every_response_forbids_framing_and_sharing_with_other_windows() -> None:
    async with server(Echo()) as place:
        said = (await until_closed(place, b"GET /none HTTP/1.1\r\nConnection: close\r\n" + HOST + b"\r\n")).lower()
    for header in (
        b"x-frame-options: deny",
        b"frame-ancestors 'none'",
        b"cross-origin-opener-policy: same-origin",
        b"cross-origin-resource-policy: same-origin",
        b"permissions-policy: ",
        b"x-content-type-options: nosniff",
        b"cache-control: no-store",
        b"referrer-policy: no-referrer",
    ):
        assert header in said
