"""The protocol of the HTTP server: whoever does not end a request in time is let go.

uvicorn itself waits for ever for a request that was begun, and for one that never begins; a few hundred such
connections (``MOST_AT_ONCE`` of ``bot.web.server``) would keep everybody else out. A request is late when it is not
whole ``within_s`` after the connection was made, or after the answer before. An answer may take its time.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

UNFINISHED = ("IDLE", "SEND_BODY")  # the states of h11 in which a request of the client is not whole


class Impatient(H11Protocol):
    """One connection."""

    within_s: float

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's own
        """Somebody is there."""
        self._late: asyncio.TimerHandle | None = None
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Something came."""
        super().data_received(data)
        if not self._unfinished():
            self._stop()

    def on_response_complete(self) -> None:
        """The answer went out; the next request may come."""
        super().on_response_complete()
        if self._unfinished() and not self.transport.is_closing():
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """They are gone."""
        self._stop()
        super().connection_lost(exc)

    def _unfinished(self) -> bool:
        return repr(self.conn.their_state) in UNFINISHED

    def _wait(self) -> None:
        self._stop()
        self._late = self.loop.call_later(self.within_s, self.transport.close)

    def _stop(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None


def impatient(within_s: float) -> type[asyncio.Protocol]:
    """The protocol with this limit, in seconds."""
    values: dict[str, Any] = {"within_s": within_s}
    return type("Impatient", (Impatient,), values)
