"""One homeserver and one device: requests, and the meaning of failed ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx

from knowledge_base.errors import StadtlotseError

Json = dict[str, Any]
REPLY_S = 30.0
CONNECT_S = 10.0
MAX_REPLY = 64 * 1024 * 1024  # bytes; the first sync of a bot in very many rooms stays below
DEFAULT_WAIT = timedelta(seconds=5)


class MatrixError(StadtlotseError):
    """A request to the homeserver that failed."""


class UnreachableError(MatrixError):
    """A request without a usable answer: it may or may not have had its effect. It may be repeated.

    ``status`` is that of an answer which came from a proxy or was incomplete; 0: there was none.
    """

    def __init__(self, message: str, *, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class BusyError(MatrixError):
    """A request that the server refuses for the moment; ``after`` is how long it wants the bot to wait."""

    def __init__(self, message: str, *, after: timedelta | None = None) -> None:
        super().__init__(message)
        self.after = after


class RequestRefusedError(MatrixError):
    """A request that the server understood and refused; ``status`` and ``code`` (``M_FORBIDDEN`` …) say why."""

    def __init__(self, status: int, body: Json, request: str) -> None:
        self.status = status
        self.code = str(body.get("errcode", "M_UNKNOWN"))
        self.body = body
        super().__init__(f"{request}: {status} {self.code}.")

    @property
    def signed_out(self) -> bool:
        """Return whether the access token is no longer valid."""
        return self.code in ("M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_DEACTIVATED")


class Server:
    """A client of the client-server API. ``token`` is set after login."""

    def __init__(self, homeserver: str, token: str = "") -> None:
        self.homeserver = homeserver.rstrip("/")
        self.token = token
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(REPLY_S, connect=CONNECT_S), limits=httpx.Limits(max_connections=32)
        )
        self.allowed: Callable[[], bool] = lambda: True  # returns whether this process may use the account now

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def get(self, *path: str, query: Json | None = None, wait: float = REPLY_S) -> Json:
        """Return a JSON object. ``path`` are the unquoted parts after ``/_matrix/client/``."""
        return await self.request("GET", *path, query=query, wait=wait)

    async def get_all(self, *path: str) -> list[Any]:
        """Return a JSON list."""
        return list(await self._request("GET", *path, kind=list))

    async def post(self, *path: str, body: Json | None = None) -> Json:
        """Send a POST; not safe to repeat unless the endpoint says so."""
        return await self.request("POST", *path, body=body or {})

    async def put(self, *path: str, body: Json | None = None) -> Json:
        """Send a PUT; safe to repeat."""
        return await self.request("PUT", *path, body=body or {})

    async def upload(self, content: bytes, media_type: str) -> str:
        """Store a file on the server; return its address (``mxc://…``)."""
        answer = await self.request("POST", "v3", "upload", file=(content, media_type))
        if not isinstance(address := answer.get("content_uri"), str):
            raise UnreachableError("POST upload: an answer without an address.")
        return address

    async def request(
        self,
        method: str,
        *path: str,
        body: Json | None = None,
        query: Json | None = None,
        wait: float = REPLY_S,
        file: tuple[bytes, str] | None = None,
    ) -> Json:
        """Send one request once. Raise ``UnreachableError``, ``BusyError`` or ``RequestRefusedError``.

        ``file`` (content and media type) goes to the media API instead of ``body`` to the client API.
        """
        answer: Json = await self._request(method, *path, body=body, query=query, wait=wait, file=file)
        return answer

    async def _request(
        self,
        method: str,
        *path: str,
        body: Json | None = None,
        query: Json | None = None,
        wait: float = REPLY_S,
        kind: type = dict,
        file: tuple[bytes, str] | None = None,
    ) -> Any:
        request = (
            f"{method} {path[-1] if len(path) < 3 else path[1]}"  # a path may hold ids, which must not reach the log
        )
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        if file:
            headers["Content-Type"] = file[1]
        if not self.allowed():
            raise UnreachableError(f"{request}: another process uses the account.")
        try:
            answer = await self._http.request(
                method,
                url(self.homeserver, *path, api="media" if file else "client"),
                params={name: _parameter(value) for name, value in (query or {}).items() if value is not None},
                json=body,
                content=file[0] if file else None,
                headers=headers,
                timeout=httpx.Timeout(wait, connect=CONNECT_S),
                extensions={"trace": self._at},
            )
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreachableError(f"{request}: {type(error).__name__}.") from error
        if not self.allowed():  # another process may store what follows from the answer
            raise UnreachableError(f"{request}: another process uses the account.")
        return _read(answer, request, kind)

    async def _at(self, step: str, _: Json) -> None:
        """Check leadership again right before writing: connecting takes time, and a frozen process may wake."""
        if step.endswith(("send_request_headers.started", "send_request_body.started")) and not self.allowed():
            raise UnreachableError("Another process uses the account.")


def url(homeserver: str, *path: str, api: str = "client") -> str:
    """Return the address of an endpoint; every part is quoted, so that no id can lead elsewhere."""
    return f"{homeserver}/_matrix/{api}/" + "/".join(quote(part, safe="") for part in path)


def part(value: Any, name: str) -> Json:
    """Return an object in an answer; an empty one if anything else stands there."""
    inner = value.get(name) if isinstance(value, dict) else None
    return inner if isinstance(inner, dict) else {}


def events(value: Any, name: str) -> list[Any]:
    """Return the events of a part of an answer, of any type."""
    inner = part(value, name).get("events")
    return inner if isinstance(inner, list) else []


def _parameter(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, dict) else str(value)


def _read(answer: httpx.Response, request: str, kind: type = dict) -> Any:
    try:
        body = answer.json() if len(answer.content) <= MAX_REPLY else None
    except (ValueError, RecursionError):
        body = None
    status = answer.status_code
    if status == 429:
        raise BusyError(f"{request}: 429.", after=_retry_after(answer, body))
    if status >= 500:
        raise BusyError(f"{request}: {status}.")
    if status >= 400 and isinstance(body, dict) and "errcode" in body:
        raise RequestRefusedError(status, body, request)
    if status == 401 and isinstance(body, dict):  # wants authentication (a password) for this request
        raise RequestRefusedError(status, body, request)
    if status != 200 or not isinstance(body, kind):  # a proxy's page, an incomplete answer
        raise UnreachableError(f"{request}: {status} without a Matrix answer.", status=status)
    return body


def _retry_after(answer: httpx.Response, body: Any) -> timedelta:
    milliseconds = body.get("retry_after_ms") if isinstance(body, dict) else None
    if isinstance(milliseconds, int | float) and 0 <= milliseconds < 86_400_000:
        return timedelta(milliseconds=milliseconds)
    seconds = answer.headers.get("Retry-After", "")
    return timedelta(seconds=int(seconds)) if seconds.isdecimal() and len(seconds) < 6 else DEFAULT_WAIT
