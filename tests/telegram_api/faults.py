"""What a call can be told to do instead of answering."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["reply_lost", "hang", "refuse", "drop", "raw"]


@dataclass
class Fault:
    """A scripted failure of calls of one method (``*``: any).

    ``reply_lost``: done, but the connection breaks before the reply. ``drop``: the connection breaks, nothing is done.
    ``hang``: no reply for ``seconds``, then the connection breaks; nothing is done. ``refuse``: an error ``code``.
    ``raw``: status ``code`` with ``body`` as it is. ``times`` counts down; ``after`` calls pass first.
    """

    method: str
    kind: Kind
    times: int = 1
    after: int = 0
    code: int = 500
    description: str = "Internal Server Error"
    parameters: Mapping[str, Any] | None = None
    body: str = ""
    seconds: float = 60.0
    where: Callable[[Mapping[str, Any]], bool] | None = None

    def strikes(self, method: str, params: Mapping[str, Any]) -> bool:
        """Whether this call is hit; counts it."""
        if self.times <= 0 or self.method.lower() not in ("*", method.lower()):
            return False
        if self.where is not None and not self.where(params):
            return False
        if self.after > 0:
            self.after -= 1
            return False
        self.times -= 1
        return True


def flood(method: str, seconds: int, times: int = 1) -> Fault:
    """429 with ``retry_after``."""
    return Fault(
        method, "refuse", times, code=429, description=f"Too Many Requests: retry after {seconds}",
        parameters={"retry_after": seconds},
    )  # fmt: skip


def unauthorised(method: str = "*", times: int = 1) -> Fault:
    return Fault(method, "refuse", times, code=401, description="Unauthorized")


def not_found(method: str = "*", times: int = 1) -> Fault:
    return Fault(method, "refuse", times, code=404, description="Not Found")


def broken(method: str, code: int = 502, times: int = 1) -> Fault:
    return Fault(method, "raw", times, code=code, body="<html><body>Bad Gateway</body></html>")


def unparsable(method: str = "sendMessage", times: int = 1) -> Fault:
    return Fault(
        method, "refuse", times, code=400,
        description='Bad Request: can\'t parse entities: Unsupported start tag "x" at byte offset 0',
        where=lambda params: "parse_mode" in params,
    )  # fmt: skip
