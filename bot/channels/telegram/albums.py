"""Albums: several pictures that a user sends at once, of which Telegram makes a message each.

An album is one question if a picture has a caption, else one hint. Nothing says which picture is the last one. So a
picture without a caption is stored as ``early``, under an id that all of its album share, and waits for a caption for
some seconds in which the bot listens. This survives a kill, and works across processes.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.channels.port import Receive
from bot.channels.telegram.normalise import NAME
from bot.messages import Happening, Inbound


def of_album(update: Any, message: Inbound) -> list[Inbound]:
    """Return what to store for a message: more than itself if it is the caption of an album in a private chat.

    The caption takes back what its album says without it. That is stored first, so later pictures are known as well.
    """
    body = update.get("message") if isinstance(update, dict) else None
    album = body.get("media_group_id") if isinstance(body, dict) else None
    if not isinstance(album, str) or not message.private or message.happening is not Happening.MESSAGE:
        return [message]
    shared = f"album-{_digest(message.address.conversation, album)}"
    silent = replace(message, id=shared, text="", early=True)
    if not message.text.strip():
        return [silent]
    spoken = replace(silent, id=f"{message.id}/album", happening=Happening.RETRACTION, refers_to=shared, early=False)
    return [silent, replace(spoken, message="", returns=False), message]


def _digest(chat: str, album: str) -> str:
    """Return an id that does not name the chat, as ids are kept after its user is forgotten."""
    return hashlib.sha256(f"{chat}/{album}".encode("utf-8", "replace")).hexdigest()[:32]


class Albums:
    """The pictures that wait for a caption; ``seconds``: how long, measured while the bot listens."""

    def __init__(self, receive: Receive, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._receive = receive
        self._seconds = seconds
        self._clock = clock
        self._since: float | None = clock()  # an earlier process may have left some
        self._came = asyncio.Event()

    def came(self) -> None:
        """Note that a picture waits."""
        if self._since is None:
            self._since = self._clock()
        self._came.set()

    def patience(self, longest: float) -> float:
        """Return the seconds that the bot may listen before it looks at the waiting pictures again."""
        return longest if self._since is None else min(longest, max(self._seconds, 1.0))

    async def settle(self) -> None:
        """Release what waited long enough; call it after what came meanwhile is stored."""
        if self._since is None or self._clock() - self._since < self._seconds:
            return
        left = await self._receive.release(NAME, timedelta(seconds=self._seconds))
        self._since = self._clock() if left else None

    async def rest(self, seconds: float) -> None:
        """Wait, and settle meanwhile."""
        end = self._clock() + seconds
        while (left := end - self._clock()) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.patience(left)):
                    await self._came.wait()
            self._came.clear()
            await self.settle()
