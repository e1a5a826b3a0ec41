"""What a failed call means for the message that it should send."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.channels.port import ChannelError, MovedError, TryLaterError, UnclearError, UndeliverableError
from bot.channels.telegram.api import meaning


def because(error: NetworkError, cause: Exception) -> NetworkError:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "means"),
    [
        (because(NetworkError("x"), httpx.ConnectError("refused")), TryLaterError),
        (because(TimedOut(), httpx.ConnectTimeout("x")), TryLaterError),
        (because(TimedOut(), httpx.PoolTimeout("x")), TryLaterError),
        (because(NetworkError("x"), httpx.ProxyError("x")), TryLaterError),
        (NetworkError("Bad Gateway (502)"), TryLaterError),
        (because(NetworkError("x"), httpx.ReadError("reset")), UnclearError),
        (because(NetworkError("x"), httpx.WriteError("reset")), UnclearError),
        (because(TimedOut(), httpx.ReadTimeout("x")), UnclearError),
        (because(TimedOut(), httpx.WriteTimeout("x")), UnclearError),
        (because(NetworkError("x"), httpx.RemoteProtocolError("x")), UnclearError),
        (ValueError("no JSON"), UnclearError),
        (RetryAfter(7), TryLaterError),
        (InvalidToken("x"), TryLaterError),
        (Conflict("x"), TryLaterError),
        (TelegramError("x"), TryLaterError),
        (ChatMigrated(-1005), MovedError),
        (Forbidden("Forbidden: bot was blocked by the user"), UndeliverableError),
        (BadRequest("Chat not found"), UndeliverableError),
        (BadRequest("Message is too long"), UndeliverableError),
        (UndeliverableError("x"), UndeliverableError),
    ],
)
def test_message_is_retried_only_if_telegram_certainly_did_not_get_it(
    error: Exception, means: type[ChannelError]
) -> None:
    assert type(meaning(error)) is means


def test_flood_error_carries_the_wait_and_a_moved_group_its_new_id() -> None:
    flood, moved = meaning(RetryAfter(7)), meaning(ChatMigrated(-1005))
    assert isinstance(flood, TryLaterError)
    assert flood.after == timedelta(seconds=7)
    assert isinstance(moved, MovedError)
    assert moved.to == "-1005"


@pytest.mark.parametrize(
    ("error", "gone"),
    [
        (Forbidden("Forbidden: user is deactivated"), True),
        (BadRequest("Chat not found"), True),
        (BadRequest("Message thread not found"), False),
    ],
)
def test_deactivated_user_or_missing_chat_is_gone(error: Exception, gone: bool) -> None:
    told = meaning(error)
    assert isinstance(told, UndeliverableError)
    assert told.gone is gone
