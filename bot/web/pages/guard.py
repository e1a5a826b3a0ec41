"""Protection of the pages: only the bot's own pages may post, and clients that guess tokens are blocked.

The token in the address is the credential, so a foreign site that makes a browser post must know it. The check of
``Origin`` is a second line of defence; requests without one (mail programs that unsubscribe by RFC 8058) pass it.
"""

from __future__ import annotations

import ipaddress
import re
from collections import OrderedDict, deque
from collections.abc import Callable
from time import monotonic
from urllib.parse import urlsplit

from starlette.requests import Request

MISSES = 20  # wrong tokens per client
WITHIN_S = 600.0
CLIENTS = 10_000  # remembered at once
BRACKETED = re.compile(r"\[([^\]]*)\](?::\d*)?")


class Guard:
    """A counter of wrong tokens per client, and a check of the origin."""

    def __init__(self, public_url: str, clock: Callable[[], float] = monotonic) -> None:
        self._origin = origin_of(public_url)
        self._clock = clock
        self._misses: OrderedDict[str, deque[float]] = OrderedDict()

    def is_stopped(self, request: Request) -> bool:
        """Return whether this client tried too many wrong tokens recently; then even a right token opens nothing."""
        misses = self._misses.get(client_of(request), deque())
        return sum(at > self._clock() - WITHIN_S for at in misses) >= MISSES

    def missed(self, request: Request) -> None:
        """Count a wrong token of this client."""
        client = client_of(request)
        self._misses.setdefault(client, deque(maxlen=MISSES)).append(self._clock())
        self._misses.move_to_end(client)
        if len(self._misses) > CLIENTS:
            self._misses.popitem(last=False)

    def is_ours(self, request: Request) -> bool:
        """Return whether a post comes from one of the bot's pages, or from a program that names no page."""
        origin = request.headers.get("origin")
        if origin is None:
            return request.headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        return bool(self._origin) and origin_of(origin) == self._origin


def origin_of(url: str) -> str:
    """Return scheme, host and port; empty for an origin without them, such as ``null``."""
    try:
        parts = urlsplit(url.strip().lower())
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}" if parts.hostname and port else ""


def client_of(request: Request) -> str:
    """Return the client to count: the address that the proxy saw, otherwise the peer; for IPv6 its /64 network.

    Only a peer in the private network is a proxy. It appends the address that it saw to ``X-Forwarded-For``; some
    proxies do so in a line of their own. All earlier values, and every other header, may come from the client and do
    not count.
    """
    peer = _address(request.client.host if request.client else "")
    if peer is None or peer.is_loopback or peer.is_private:
        values = ",".join(request.headers.getlist("x-forwarded-for")).split(",")
        seen = [value for value in map(str.strip, values) if value]
        peer = (_address(seen[-1]) if seen else None) or peer
    if isinstance(peer, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((int(peer), 64), strict=False))
    return str(peer)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parse an address as proxies write it: bare, in brackets, with a port; return ``None`` for anything else."""
    text = text.strip().strip('"')
    if bracketed := BRACKETED.fullmatch(text):
        text = bracketed[1]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address
