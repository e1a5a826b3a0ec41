"""Rate limits of Telegram: the figures of its FAQ, kept by reserving moments in advance.

Telegram allows 30 messages per second overall, one per second to a private chat and 20 per minute to a group. A chat
for which Telegram answers 429 waits as long as Telegram says; when a second chat gets 429 meanwhile, all chats wait.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.channels.port import TryLaterError

BULK_LEAVES = 0.25  # seconds of the overall rate that bulk leaves to answers
WAIT_HERE = 3.0  # a longer wait raises TryLaterError, so that other messages get the place
WAIT_FOR_CHAT = 0.1  # the same if only this chat must wait and no part of the message was sent
REMEMBERED = 5_000  # chats


@dataclass(frozen=True, slots=True)
class Pace:
    """The sending rate, times in seconds; the rates are Telegram's, with an allowance for network jitter."""

    overall: float = 1 / 30  # between two messages
    private: float = 1.05  # between two messages to one person
    group: int = 20  # messages to one group in ``group_window``
    group_window: float = 61.0
    first_pause: float = 1.0  # after a failed receive; each further failure doubles it
    poll: float = 30.0  # how long Telegram keeps a poll open
    overdue: float = 30.0  # a poll that exceeds its time by this much is dead
    album: float = 3.0  # how long pictures wait for the caption of their album, which Telegram sends within a second


class Limits:
    """A limiter that reserves a moment for each message."""

    def __init__(self, pace: Pace = Pace(), clock: Callable[[], float] = time.monotonic) -> None:
        self._pace = pace
        self._clock = clock
        self._overall = 0.0  # when the next message may go out
        self._private: dict[int, float] = {}
        self._groups: dict[int, deque[float]] = {}
        self._held: dict[int, float] = {}
        self._all_held = 0.0

    async def turn(self, chat: int, *, bulk: bool = False, begun: bool = False) -> None:
        """Wait for the turn of a message, or of a further part of a message that has ``begun``.

        Raise ``TryLaterError`` if the wait is too long.
        """
        wait = self.reserve(chat, bulk=bulk, begun=begun)
        if wait > 0:
            await asyncio.sleep(wait)

    async def free_turn(self) -> None:
        """Wait for the turn of a call that counts against no chat's own limit."""
        now = self._clock()
        at = max(now, self._overall)
        self._overall = at + self._pace.overall
        await asyncio.sleep(max(0.0, at - now))

    def reserve(self, chat: int, *, bulk: bool = False, begun: bool = False) -> float:
        """Reserve the next free moment; return the seconds until then."""
        now = self._clock()
        earliest = max(now, self._held.get(chat, 0.0), self._all_held, self._own(chat, now))
        at = max(earliest, self._overall)
        if bulk and max(self._overall, self._all_held) > now + BULK_LEAVES:  # bulk must not take the place of an answer
            raise TryLaterError("answers go first", after=timedelta(seconds=1), paced=True)
        if at - now > WAIT_HERE or (earliest - now > WAIT_FOR_CHAT and not begun):
            raise TryLaterError("rate limit", after=timedelta(seconds=at - now), paced=True)
        self._overall = max(self._overall, now) + self._pace.overall
        self._note(chat, at, now)
        return at - now

    def hold(self, chat: int, wait: timedelta) -> None:
        """Note that Telegram told the bot to wait."""
        now = self._clock()
        until = now + wait.total_seconds()
        if any(other != chat and moment > now for other, moment in self._held.items()):
            self._all_held = max(self._all_held, until)
        self._held[chat] = until

    def _own(self, chat: int, now: float) -> float:
        if chat > 0:
            return self._private.get(chat, 0.0)
        window = self._groups.get(chat)
        return window[0] + self._pace.group_window if window and len(window) >= self._pace.group else 0.0

    def _note(self, chat: int, at: float, now: float) -> None:
        if chat > 0:
            self._private[chat] = at + self._pace.private
        else:
            self._groups.setdefault(chat, deque(maxlen=self._pace.group)).append(at)
        if len(self._private) > REMEMBERED:
            self._private = {user: moment for user, moment in self._private.items() if moment > now}
        if len(self._groups) > REMEMBERED:
            since = now - self._pace.group_window
            self._groups = {group: window for group, window in self._groups.items() if window[-1] > since}
        self._held = {held: moment for held, moment in self._held.items() if moment > now}
