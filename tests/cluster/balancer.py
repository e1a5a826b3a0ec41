"""A round-robin TCP balancer in front of the machines' pages. It passes over machines that refuse or do not answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from contextlib import suppress
from types import TracebackType
from typing import Self

PIECE = 65536
SILENT_S = 5.0  # a machine that lets a request wait so long gets no new connections ...
DOWN_S = 5.0  # ... for so long


class Balancer:
    """``ports`` are those of the machines. ``only`` narrows them down for new connections."""

    def __init__(self) -> None:
        self.ports: list[int] = []
        self.only: Collection[int] | None = None
        self.port = 0
        self._turn = 0
        self._down: dict[int, float] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The address under which people and networks reach the pages."""
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1")
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.drop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def drop(self) -> None:
        """Break every connection, so that each client comes again and meets the machines that are in turn now."""
        for task in self._tasks:
            task.cancel()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            for port in self._in_turn():
                with suppress(OSError):
                    theirs, ours = await asyncio.open_connection("127.0.0.1", port)
                    try:
                        await self._pass_on(port, (reader, writer), (theirs, ours))
                    finally:
                        ours.transport.abort()
                    return
        finally:
            writer.transport.abort()

    def _in_turn(self) -> list[int]:
        """Every machine once, the next one first, those that are down last."""
        ports = [port for port in self.ports if self.only is None or port in self.only]
        if not ports:
            return []
        self._turn += 1
        start = self._turn % len(ports)
        now = time.monotonic()
        return sorted(ports[start:] + ports[:start], key=lambda port: self._down.get(port, 0.0) > now)

    async def _pass_on(
        self,
        port: int,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        machine: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        answered = asyncio.Event()
        answered.set()

        async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, asks: bool) -> None:
            while data := await reader.read(PIECE):
                answered.clear() if asks else answered.set()
                writer.write(data)
                await writer.drain()

        async def watch() -> None:
            while True:
                await asyncio.sleep(SILENT_S / 5)
                try:
                    async with asyncio.timeout(SILENT_S):
                        await answered.wait()
                except TimeoutError:
                    self._down[port] = time.monotonic() + DOWN_S
                    return

        parts = [
            asyncio.create_task(pump(client[0], machine[1], asks=True)),
            asyncio.create_task(pump(machine[0], client[1], asks=False)),
            asyncio.create_task(watch()),
        ]
        try:
            await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
