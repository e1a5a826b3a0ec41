"""The Bot API through python-telegram-bot: requests, raw updates, and the meaning of an error for a message.

The bot takes updates raw, before the library parses them. Otherwise one update that the library cannot read would block
all later ones.
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

os.environ.setdefault("PTB_TIMEDELTA", "true")  # errors give durations as timedelta, which later versions always do

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
NOT_TAKEN = ("(502)", "(503)")  # a gateway without a server behind it
GONE = ("chat not found", "user not found", "peer_id_invalid", "group chat was deactivated")


@cache
def _trusted(*, trust_env: bool) -> ssl.SSLContext:
    """Return the library's default certificates, read once for all connections."""
    return httpx.create_ssl_context(trust_env=trust_env)


class RawUpdates(HTTPXRequest):
    """A request object that keeps the result of getUpdates and returns an empty list to the library."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._came: list[Any] = []

    def take(self) -> list[Any]:
        """Return the updates received since the last call."""
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
    """The connections of one bot: ``poll`` returns raw updates, ``bot`` makes every other call."""

    def __init__(self, token: str, base_url: str) -> None:
        direct = urlsplit(base_url).hostname in LOOPBACK  # the environment's proxy is only for outside addresses
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
        return "Api()"  # the library's repr would show the token

    async def poll(self, offset: int | None, allowed: list[str], seconds: float) -> list[Any]:
        """Return the updates from ``offset`` on; wait up to ``seconds`` for one. Telegram forgets earlier updates."""
        self._updates.take()
        await self.bot.get_updates(offset=offset, timeout=int(seconds), allowed_updates=allowed)
        return self._updates.take()

    async def close(self) -> None:
        await self._main.shutdown()
        await self._updates.shutdown()


def meaning(error: Exception) -> ChannelError:
    """Return the channel error that an error of a call means for the message being sent."""
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
        case _:  # an unreadable answer: the message may have arrived
            return UnclearError(type(error).__name__)


def _network(error: NetworkError) -> ChannelError:
    cause = error.__cause__
    if isinstance(cause, NEVER_SENT) or cause is None or any(sign in str(error) for sign in NOT_TAKEN):
        return TryLaterError(type(cause or error).__name__)
    return UnclearError(type(cause).__name__)


def seconds_of(error: RetryAfter) -> timedelta:
    """Return the time that Telegram wants the bot to wait, at most one day."""
    value = error.retry_after
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    return timedelta(seconds=max(0, min(seconds, LONGEST_WAIT_S)))


def is_unparsable(error: Exception) -> bool:
    """Return whether Telegram refused the markup; it accepts the same text without markup."""
    return isinstance(error, BadRequest) and "can't parse" in str(error).lower()


def is_unchanged(error: Exception) -> bool:
    """Return whether the message already looks like that."""
    return isinstance(error, BadRequest) and "not modified" in str(error).lower()


def load(payload: bytes) -> Any:
    """Return JSON as Telegram posts it; raise ``ValueError`` if the payload is not valid JSON or too deeply nested."""
    try:
        return json.loads(payload.decode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("nested without end") from None
