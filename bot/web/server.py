"""The HTTP server inside the bot's event loop: the bot keeps control of signals, logging and the order of stopping."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from knowledge_base.errors import StadtlotseError

GRACE_S = 3  # requests in flight get this long when the bot stops
MOST_AT_ONCE = 200  # connections; more get 503


async def serve(app: ASGIApp, bind: str, port: int, on_listening: Callable[[str], object]) -> None:
    """Serve until cancelled; then finish the requests in flight and close the socket.

    ``port`` 0 takes any free port. ``on_listening`` gets the real address, such as ``http://127.0.0.1:8080``, when the
    server can answer the first request. Raise ``StadtlotseError`` if the address is taken or not on this machine. The
    reverse proxy handles clients that never finish their request (docs/operate.md).
    """
    with listening_socket(bind, port) as listener:
        server = _Server(app, lambda: on_listening(url_of(listener)))
        running = asyncio.create_task(server.serve([listener]), name="web server")
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            server.should_exit = True
            await running
            raise


def listening_socket(bind: str, port: int) -> socket.socket:
    """Return a bound socket, which knows its real port; raise ``StadtlotseError`` with the address if that fails."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((bind, port))
    except (OSError, ValueError, TypeError) as error:  # the last two: not a valid host name
        listener.close()
        raise StadtlotseError(
            f"The pages cannot listen on {bind!r}, port {port}: {getattr(error, 'strerror', '') or error}.",
            remedy="Change STADTLOTSE_WEB__BIND or STADTLOTSE_WEB__PORT, or stop what uses the port.",
        ) from error
    return listener


def url_of(listener: socket.socket) -> str:
    """Return the address of a bound socket, as another program on this machine writes it."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  "all addresses" is not a destination
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    def __init__(self, app: ASGIApp, on_started: Callable[[], object]) -> None:
        config = uvicorn.Config(
            app,
            http="h11",
            log_config=None,  # keep the bot's logging
            access_log=False,  # an access log is a log of people
            server_header=False,
            proxy_headers=False,  # the real peer decides who the client is
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=GRACE_S,
            limit_concurrency=MOST_AT_ONCE,
        )
        super().__init__(config)
        self._on_started = on_started

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave SIGTERM to the composition root, which stops all parts in order."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Report the address when the server can answer the first request."""
        await super().startup(sockets)
        self._on_started()
