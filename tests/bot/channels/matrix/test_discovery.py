"""The client API's address from a server's name."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from bot.channels.matrix.discovery import address_of
from bot.channels.matrix.http import UnreachableError
from bot.channels.port import ChannelEndedError
from config.matrix import MatrixSettings


class Site:
    """A web server that always gives the same answer."""

    def __init__(self) -> None:
        self.status, self.body = 200, ""
        self.name = ""
        self.asked: list[str] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(request.split()[1].decode())
        writer.write(f"HTTP/1.1 {self.status} x\r\nContent-Length: {len(self.body)}\r\n\r\n{self.body}".encode())
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site()
    server = await asyncio.start_server(made.talk, "127.0.0.1")
    made.name = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield made
    server.close()
    await server.wait_closed()


async def test_server_name_is_resolved_through_its_well_known_file(site: Site) -> None:
    site.body = json.dumps({"m.homeserver": {"base_url": "https://matrix.stadt.example:8448/"}})
    assert await address_of(site.name) == "https://matrix.stadt.example:8448"
    assert site.asked == ["/.well-known/matrix/client"]


async def test_full_address_is_used_unchanged() -> None:
    assert await address_of("https://matrix.stadt.example") == "https://matrix.stadt.example"


async def test_server_without_a_well_known_file_is_the_homeserver(site: Site) -> None:
    site.status = 404
    assert await address_of(site.name) == f"http://{site.name}"


@pytest.mark.parametrize(
    "said",
    [
        "<html>", "[]", "{}", '{"m.homeserver": 5}', '{"m.homeserver": {"base_url": 5}}',
        '{"m.homeserver": {"base_url": "http://matrix.stadt.example"}}', '{"m.homeserver": {"base_url": "https://"}}',
        '{"m.homeserver": {"base_url": "file:///etc/passwd"}}', '{"m.homeserver": {"base_url": "https://[x"}}',
    ],
)  # fmt: skip
async def test_invalid_well_known_file_ends_the_channel_and_names_the_setting(site: Site, said: str) -> None:
    site.body = said
    with pytest.raises(ChannelEndedError, match="STADTLOTSE_MATRIX__HOMESERVER"):
        await address_of(site.name)


async def test_failing_server_is_treated_as_unreachable(site: Site) -> None:
    site.status = 502
    with pytest.raises(UnreachableError):
        await address_of(site.name)
    with pytest.raises(UnreachableError):
        await address_of("127.0.0.1:1")


def test_homeserver_setting_accepts_addresses_and_names() -> None:
    login = {"user_id": "@bot:stadt.example", "password": "geheim-und-lang"}
    for fine in ("https://matrix.stadt.example", "stadt.example", "stadt.example:8448", "http://127.0.0.1:8008"):
        assert MatrixSettings.model_validate(login | {"homeserver": fine}).homeserver == fine
    for wrong in ("http://stadt.example", "stadt.example/x", "stadt .example", "ftp://stadt.example"):
        with pytest.raises(ValueError, match="https"):
            MatrixSettings.model_validate(login | {"homeserver": wrong})
