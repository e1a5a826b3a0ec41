"""The Bot API through python-telegram-bot: requests, raw updates, and what an error means for a message.

Updates are taken as they came, before the library parses them: one that it cannot read would block all behind it.
"""

from __future__ import annotations

import json
import os
import ssl
from datetime import timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

os.environ.setdefault("PTB_TIMEDELTA", "true")  # durations of errors come as timedelta, as they always will one day

from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from bot.channels.port import ChannelError, MovedError, TryLaterError, UnclearError, UndeliverableError

CONNECTIONS = 32
PATIENCE_S = 20.0  # for every other call
CONNECT_S = 10.0
LONGEST_WAIT_S = 86_400
LOOPBACK = ("127.0.0.1", "localhost", "::1")

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
NOT_TAKEN = ("(502)", "(503)")  # a gateway that had nobody behind it
GONE = ("chat not found", "user not found", "peer_id_invalid", "group chat was deactivated")


@cache
def _trusted(*, trust_env: bool) -> ssl.SSLContext:
    """The library's own choice of certificates, read once for all connections."""
    return httpx.create_ssl_context(trust_env=trust_env)


class RawUpdates(HTTPXRequest):
    """Keeps what getUpdates brought, and shows the library none of it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._came: list[Any] = []

    def take(self) -> list[Any]:
        """What came since last time."""
        came, self._came = self._came, []
        return came

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        """See ``BaseRequest.do_request``."""
        code, payload = await super().do_request(*args, **kwargs)
        if code != httpx.codes.OK:
            return code, payload
        try:
            body: dict[str, Any] = self.parse_json_payload(payload)
        except RecursionError:
            raise NetworkError("this is no answer of the Bot API") from None
        result: object = body.get("result")
        if not isinstance(result, list):
            raise NetworkError("this is no answer of the Bot API")
        self._came = result
        return code, b'{"ok": true, "result": []}'


class Api:
    """A bot's connection; ``bot`` for everything, ``poll`` for updates as they came."""

    def __init__(self, token: str, base_url: str) -> None:
        direct = urlsplit(base_url).hostname in LOOPBACK  # a proxy of the environment is for the world outside
        common: dict[str, Any] = {
            "connect_timeout": CONNECT_S,
            "pool_timeout": CONNECT_S,
            "write_timeout": PATIENCE_S,
            "httpx_kwargs": {"trust_env": not direct, "verify": _trusted(trust_env=not direct)},
        }
        self._main = HTTPXRequest(connection_pool_size=CONNECTIONS, read_timeout=PATIENCE_S, **common)
        self._updates = RawUpdates(connection_pool_size=1, read_timeout=PATIENCE_S, **common)
        self.bot = Bot(token, base_url=base_url, request=self._main, get_updates_request=self._updates)

    def __repr__(self) -> str:
        return "Api()"  # the library's own would show the token

    async def poll(self, offset: int | None, allowed: list[str], seconds: float) -> list[Any]:
        """The updates from ``offset`` on, waiting for the first; everything before it is forgotten by Telegram."""
        self._updates.take()
        await self.bot.get_updates(offset=offset, timeout=int(seconds), allowed_updates=allowed)
        return self._updates.take()

    async def close(self) -> None:
        """Close the connections."""
        await self._main.shutdown()
        await self._updates.shutdown()


def meaning(error: Exception) -> ChannelError:
    """What an error of a call means for the message that it was to send."""
    match error:
        case ChannelError():
            return error
        case RetryAfter():
            return TryLaterError("flood control", after=seconds_of(error))
        case ChatMigrated():
            return MovedError("the group became a supergroup", to=str(error.new_chat_id))
        case Forbidden():
            return UndeliverableError(str(error), gone=True)
        case BadRequest():
            text = str(error)
            return UndeliverableError(text, gone=any(sign in text.lower() for sign in GONE))
        case InvalidToken():
            return TryLaterError("the token is refused")
        case NetworkError():
            return _network(error)
        case TelegramError():
            return TryLaterError(type(error).__name__)
        case _:  # an answer that cannot be read came after the message
            return UnclearError(type(error).__name__)


def _network(error: NetworkError) -> ChannelError:
    cause = error.__cause__
    if isinstance(cause, NEVER_SENT) or cause is None or any(sign in str(error) for sign in NOT_TAKEN):
        return TryLaterError(type(cause or error).__name__)
    return UnclearError(type(cause).__name__)


def seconds_of(error: RetryAfter) -> timedelta:
    """Return how long Telegram wants to be left alone: within a day, whatever the answer says."""
    value = error.retry_after
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    return timedelta(seconds=max(0, min(seconds, LONGEST_WAIT_S)))


def is_unparsable(error: Exception) -> bool:
    """The markup was refused; the same text without it will not be."""
    return isinstance(error, BadRequest) and "can't parse" in str(error).lower()


def is_unchanged(error: Exception) -> bool:
    """The message looks like that already."""
    return isinstance(error, BadRequest) and "not modified" in str(error).lower()


def load(payload: bytes) -> Any:
    """Return JSON as Telegram posts it; ``ValueError`` when it is none, or nested without end."""
    try:
        return json.loads(payload.decode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("nested without end") from None
