"""A process that no longer leads: its requests are not sent, and late answers are ignored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from bot.channels.matrix.http import Server, UnreachableError

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Homeserver:
    """Accepts every request, and keeps what arrived."""

    def __init__(self) -> None:
        self.got = b""
        self.connections: list[asyncio.Task[None] | None] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections.append(asyncio.current_task())
        while data := await reader.read(65536):
            self.got += data
            writer.write(ANSWER)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def homeserver() -> AsyncIterator[tuple[Homeserver, Server]]:
    there = Homeserver()
    listening = await asyncio.start_server(there.serve, "127.0.0.1", 0)
    async with Server(f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}", "t") as server:
        yield there, server
    listening.close()
    await asyncio.gather(*(connection for connection in there.connections if connection))


def leads(times: int) -> Iterator[bool]:
    """True so many times, then False."""
    yield from [True] * times
    while True:
        yield False


async def test_request_of_a_leader_is_sent_and_answered(homeserver: tuple[Homeserver, Server]) -> None:
    there, server = homeserver
    assert await server.put("v3", "x", body={"a": 1}) == {}
    assert there.got


@pytest.mark.parametrize("times", [0, 1])
async def test_request_is_not_sent_if_the_leadership_is_lost_before_or_while_connecting(
    homeserver: tuple[Homeserver, Server], times: int
) -> None:
    there, server = homeserver
    answers = leads(times)
    server.allowed = lambda: next(answers)
    with pytest.raises(UnreachableError):
        await server.put("v3", "x", body={"a": 1})
    assert there.got == b""


async def test_answer_that_arrives_after_the_leadership_is_lost_is_ignored(
    homeserver: tuple[Homeserver, Server],
) -> None:
    there, server = homeserver
    answers = leads(3)  # before, at the head and at the body
    server.allowed = lambda: next(answers)
    with pytest.raises(UnreachableError):
        await server.put("v3", "x", body={"a": 1})
    assert there.got
