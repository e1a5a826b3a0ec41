"""A network between the product and its database that can forget connections without a word, as firewalls do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit


class SilentNetwork:
    """Forwards TCP; after ``forget``, older connections pass nothing on and report no error."""

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._silent = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._writers: list[asyncio.StreamWriter] = []
        self.url = ""
        self.connections = 0

    def forget(self) -> None:
        """All connections of now are silent from now on; new ones work."""
        self._silent.set()
        self._silent = asyncio.Event()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        silent = self._silent
        there, back = await asyncio.open_connection(self._target.hostname, self._target.port)
        for source, sink in ((reader, back), (there, writer)):
            self._tasks.append(asyncio.create_task(self._forward(source, sink, silent)))
            self._writers.append(sink)

    async def _forward(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, silent: asyncio.Event) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                if silent.is_set():
                    await asyncio.Event().wait()
                sink.write(data)
                await sink.drain()
        if not silent.is_set():
            sink.close()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)


@asynccontextmanager
async def silent_network(url: str) -> AsyncIterator[SilentNetwork]:
    """One in front of the database at ``url``; ``.url`` leads through it."""
    network = SilentNetwork(url)
    server = await asyncio.start_server(network.take, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parts = urlsplit(url)
    network.url = parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{port}")).geturl()
    try:
        yield network
    finally:
        server.close()
        await network.close()
