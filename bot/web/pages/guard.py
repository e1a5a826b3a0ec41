"""Who may act on a page: requests of our own pages alone, and nobody who guesses.

The token in the address is the credential, so a foreign site that makes somebody's browser post has to know it. The
check of ``Origin`` is a second line; requests without one (mail programs that unsubscribe by RFC 8058) pass it.
"""

from __future__ import annotations

import ipaddress
import re
from collections import OrderedDict, deque
from collections.abc import Callable
from time import monotonic
from urllib.parse import urlsplit

from starlette.requests import Request

MISSES = 20  # wrong tokens of one client
WITHIN_S = 600.0
CLIENTS = 10_000  # remembered at once
BRACKETED = re.compile(r"\[([^\]]*)\](?::\d*)?")


class Guard:
    """Counts wrong tokens by client; knows which origin is ours."""

    def __init__(self, public_url: str, clock: Callable[[], float] = monotonic) -> None:
        self._origin = origin_of(public_url)
        self._clock = clock
        self._misses: OrderedDict[str, deque[float]] = OrderedDict()

    def is_stopped(self, request: Request) -> bool:
        """Whether this client tried too many wrong tokens lately; then even a right one opens nothing."""
        misses = self._misses.get(client_of(request), deque())
        return sum(at > self._clock() - WITHIN_S for at in misses) >= MISSES

    def missed(self, request: Request) -> None:
        """This client tried a token that nobody was sent."""
        client = client_of(request)
        self._misses.setdefault(client, deque(maxlen=MISSES)).append(self._clock())
        self._misses.move_to_end(client)
        if len(self._misses) > CLIENTS:
            self._misses.popitem(last=False)

    def is_ours(self, request: Request) -> bool:
        """Whether a post comes from a page of ours, or from a program that names no page."""
        origin = request.headers.get("origin")
        if origin is None:
            return request.headers.get("sec-fetch-site", "none") in ("none", "same-origin")
        return bool(self._origin) and origin_of(origin) == self._origin


def origin_of(url: str) -> str:
    """Scheme, host and port; empty for what has none, such as ``null``."""
    try:
        parts = urlsplit(url.strip().lower())
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname}:{port}" if parts.hostname and port else ""


def client_of(request: Request) -> str:
    """Return whom to count: the address that the proxy before us saw, else the peer; of IPv6 the network of one user.

    Only a peer in the private network is a proxy. It adds what it saw at the end of ``X-Forwarded-For``, some proxies
    in a line of its own; all before that, and every other header, may come from the client and counts for nothing.
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
    """An address as proxies write it: bare, in brackets, with a port; ``None`` for anything else."""
    text = text.strip().strip('"')
    if bracketed := BRACKETED.fullmatch(text):
        text = bracketed[1]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found
