"""From a server's name to the address of its client API, by the specification (``.well-known``)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.channels.matrix.http import UnreachableError
from bot.channels.port import ChannelEndedError

PATH = "/.well-known/matrix/client"
LOCAL = ("127.0.0.1", "localhost", "::1")  # for tests and bridges on the same machine; everywhere else: https
LARGEST = 65_536  # bytes
PATIENCE_S = 20.0


async def address_of(homeserver: str) -> str:
    """Return the address for a setting that is an address itself or a server's bare name.

    Raise ``UnreachableError`` if the address is not known now, ``ChannelEndedError`` if the server's answer is not
    valid.
    """
    if "://" in homeserver:
        return homeserver
    base = f"{_scheme(homeserver)}://{homeserver}"
    try:
        async with httpx.AsyncClient(timeout=PATIENCE_S, follow_redirects=True, max_redirects=5) as http:
            answer = await http.get(base + PATH)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise UnreachableError(f"GET {PATH} of {homeserver}: {type(error).__name__}.") from error
    if answer.status_code == 404:  # the client API is where the name is
        return base
    if answer.status_code != 200:
        raise UnreachableError(f"GET {PATH} of {homeserver}: {answer.status_code}.")
    return _named(answer, homeserver)


def _named(answer: httpx.Response, homeserver: str) -> str:
    try:
        address: Any = answer.json()["m.homeserver"]["base_url"] if len(answer.content) <= LARGEST else None
        parts = urlsplit(address)
        fits = isinstance(address, str) and parts.hostname and parts.scheme == _scheme(parts.netloc)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        address, fits = None, False
    if not fits:
        raise ChannelEndedError(
            f"https://{homeserver}{PATH} names no homeserver.",
            remedy="Set STADTLOTSE_MATRIX__HOMESERVER to the address of the client API.",
        )
    return str(address).rstrip("/")


def _scheme(place: str) -> str:
    return "http" if urlsplit(f"//{place}").hostname in LOCAL else "https"
