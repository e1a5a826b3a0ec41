"""The network between a machine and its database, which fails as networks do."""

from __future__ import annotations

import asyncio
import random
import re
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.cluster.wire import Statements

PIECE = 65536


@dataclass
class LostReplies:
    """Lose the server's reply to statements: the server has run them, and the connection breaks.

    ``within``: a pattern that some statement of the transaction has; ``commits``: only replies to COMMIT are lost;
    ``times``: at most so many; ``probability``: each of them with this chance, by ``chance``; ``silent``: the
    connection does not break, both sides wait.
    """

    within: str = ""
    commits: bool = True
    times: float = float("inf")
    probability: float = 1.0
    silent: bool = False
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    happened: int = 0

    def strike(self, statements: Statements) -> bool:
        """Return whether the reply to the newest statement is lost, and count it."""
        if self.happened >= self.times or (self.commits and not statements.commits):
            return False
        if not any(re.search(self.within, one, re.IGNORECASE | re.DOTALL) for one in statements.transaction):
            return False
        if self.chance.random() >= self.probability:
            return False
        self.happened += 1
        return True


class Line:
    """A TCP proxy on the loopback interface, in front of one port. ``port`` is its own.

    ``is_database``: a PostgreSQL server is at the other end, so that replies to statements can be lost.
    """

    def __init__(self, to: int, *, is_database: bool = False) -> None:
        self._to = to
        self.is_database = is_database
        self._connections: dict[asyncio.Task[None], _Connection] = {}
        self.port = 0
        self.opened = 0  # connections so far
        self.delay = 0.0  # seconds that each piece of data takes on its way
        self.cut = False  # new connections are refused
        self.lost: LostReplies | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def waits(self) -> bool:
        """True while a client has said something that the server did not answer."""
        return any(connection.waits for connection in self._connections.values())

    def drop(self) -> int:
        """Break every open connection; return how many."""
        for connection in self._connections.values():
            connection.abort()
        return len(self._connections)

    def forget(self) -> None:
        """Swallow what is said on every open connection from now on, as a firewall that restarted. New ones work."""
        for connection in self._connections.values():
            connection.swallows = True

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.cut:
            writer.transport.abort()
            return
        self.opened += 1
        connection = _Connection(self, reader, writer)
        task = asyncio.create_task(connection.run(self._to))
        self._connections[task] = connection
        task.add_done_callback(lambda done: self._connections.pop(done, None))


class _Connection:
    """One connection through the line."""

    def __init__(self, line: Line, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._line = line
        self._client = (reader, writer)
        self._server: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._statements = Statements()
        self._loses_reply = self._falls_silent = False
        self.swallows = self.waits = False

    async def run(self, to: int) -> None:
        try:
            with suppress(OSError):
                self._server = await asyncio.open_connection("127.0.0.1", to)
                pumps = [asyncio.create_task(self._up()), asyncio.create_task(self._down())]
                try:
                    await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for pump in pumps:
                        pump.cancel()
                    await asyncio.gather(*pumps, return_exceptions=True)
        finally:
            self.abort()

    def abort(self) -> None:
        self._client[1].transport.abort()
        if self._server:
            self._server[1].transport.abort()

    async def _up(self) -> None:
        assert self._server
        reader, writer = self._client[0], self._server[1]
        while data := await reader.read(PIECE):
            if await self._held():
                continue
            if self._line.is_database and self._loses(data):
                self._loses_reply = not self._line.lost.silent
                self._falls_silent = self._line.lost.silent
            self.waits = True
            writer.write(data)
            await writer.drain()

    async def _down(self) -> None:
        assert self._server
        reader, writer = self._server[0], self._client[1]
        while data := await reader.read(PIECE):
            if self._loses_reply:
                return
            self.swallows = self.swallows or self._falls_silent
            if await self._held():
                continue
            self.waits = False
            writer.write(data)
            await writer.drain()

    def _loses(self, data: bytes) -> bool:
        """Read what the client says; return whether the reply to it is lost."""
        ran = self._statements.feed(data)
        return bool(ran and self._line.lost and self._line.lost.strike(self._statements))

    async def _held(self) -> bool:
        """Wait as long as data take on this line; return whether they are swallowed."""
        if self._line.delay:
            await asyncio.sleep(self._line.delay)
        return self.swallows
