"""Long polling in our own loop: an update is stored before the next request lets Telegram forget it.

The library's loop would request the next updates before the last ones are handled. It would end forever at the first
401 or 404, and one update that it cannot read would block it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from bot.channels.port import ChannelEndedError, Listening
from bot.channels.telegram.albums import Albums
from bot.channels.telegram.api import Api, seconds_of
from bot.channels.telegram.limits import Pace
from bot.channels.telegram.normalise import KINDS

log = structlog.get_logger()

LONGEST_PAUSE_S = 30.0
NO_ID_PAUSE_S = 1.0
REFUSED_FOR_S = 600.0  # a short proxy failure is over by then: the token is revoked
CONFLICT_SHOWN_S = 60.0  # two processes take turns; a success in between proves nothing

Take = Callable[[Sequence[Any]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Trouble:
    """The reason why the bot cannot receive now, and the seconds to wait."""

    reason: str
    pause: float


def trouble(error: Exception, failures: int, first_pause: float = 1.0) -> Trouble:
    """Return the reason and the pause for an error, the ``failures``-th in a row."""
    pause = min(first_pause * 2.0 ** min(failures - 1, 10), LONGEST_PAUSE_S)
    match error:
        case Conflict() if "webhook" in str(error).lower():
            return Trouble("a webhook is set", 0.0 if failures == 1 else pause)
        case Conflict():
            return Trouble("conflict: another process receives with this token", max(pause, 3.0 * first_pause))
        case InvalidToken():
            return Trouble("token refused", pause)
        case RetryAfter():
            return Trouble("rate limited", seconds_of(error).total_seconds() + 0.5)
        case TelegramError() | TimeoutError() | OSError():
            return Trouble("unreachable", pause)
        case _:
            return Trouble("internal error", pause)


class Attempts:
    """Repeated attempts that back off, report the reason, and end only when the token stays refused."""

    def __init__(
        self, listening: Listening, first_pause: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._listening = listening
        self._first_pause = first_pause
        self._clock = clock
        self._failures, self._well = 0, False
        self._refused_since: float | None = None
        self._conflict_at = -CONFLICT_SHOWN_S

    @property
    def well(self) -> bool:
        """Return whether the last attempt worked."""
        return self._well

    def succeeded(self) -> None:
        """Note a successful exchange with Telegram; it proves nothing while a second process uses the same token."""
        self._failures, self._refused_since, self._well = 0, None, True
        if self._clock() - self._conflict_at >= CONFLICT_SHOWN_S:
            self._listening(None)

    def failed(self, error: Exception) -> Trouble:
        """Note a failure, log it and report it; return the reason and pause.

        Raise ``ChannelEndedError`` once the token has been refused for too long.
        """
        self._failures, self._well = self._failures + 1, False
        problem = trouble(error, self._failures, self._first_pause)
        now = self._clock()
        if isinstance(error, Conflict):
            self._conflict_at = now
        self._refused_since = (self._refused_since or now) if isinstance(error, InvalidToken) else None
        if self._refused_since is not None and now - self._refused_since > REFUSED_FOR_S:
            raise ChannelEndedError(
                "Telegram refuses the token.", remedy="Ask BotFather for a new one (STADTLOTSE_TELEGRAM__TOKEN)."
            )
        if problem.reason == "internal error":
            log.error("telegram.receiving_failed", exc_info=error)
        else:
            log.warning(
                "telegram.backs_off", reason=problem.reason, failures=self._failures, error=type(error).__name__
            )
        self._listening(problem.reason)
        return problem


class Polling:
    """A receiver that calls getUpdates."""

    def __init__(self, api: Api, take: Take, pace: Pace) -> None:
        self._api = api
        self._take = take
        self._pace = pace
        self._offset: int | None = None  # None: all that Telegram still has; known updates are ignored

    async def run(self, attempts: Attempts, albums: Albums) -> None:
        """Poll until cancelled."""
        while True:
            try:
                await self._once(attempts, albums)
            except ChannelEndedError:
                raise
            except Exception as error:  # noqa: BLE001 - nothing from outside may end this loop
                problem = attempts.failed(error)
                if isinstance(error, Conflict) and "webhook" in str(error).lower():
                    await self._free_from_webhook()
                await asyncio.sleep(problem.pause)

    async def _once(self, attempts: Attempts, albums: Albums) -> None:
        seconds = albums.patience(self._pace.poll) if attempts.well else 0.0  # the first only tests the connection
        async with asyncio.timeout(self._pace.poll + self._pace.overdue):
            updates = await self._api.poll(self._offset, list(KINDS), seconds)
        attempts.succeeded()
        if updates:
            await self._take(updates)
            self._offset = following(updates, self._offset)
            if self._offset is None:  # no update had an id: do not poll in a hot loop
                await asyncio.sleep(NO_ID_PAUSE_S)
        await albums.settle()

    async def _free_from_webhook(self) -> None:
        """Delete only the webhook address; Telegram keeps the waiting updates."""
        try:
            await self._api.bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            log.warning("telegram.webhook_not_deleted", error=type(error).__name__)


def following(updates: Sequence[Any], before: int | None) -> int | None:
    """Return the offset after these updates."""
    numbers = [update["update_id"] for update in updates if isinstance(update, dict) and "update_id" in update]
    return max((number + 1 for number in numbers if isinstance(number, int)), default=before)
