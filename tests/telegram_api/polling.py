"""getUpdates and webhooks: when updates are dropped, and which poll ends which."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aiohttp

from tests.telegram_api.errors import OTHER_POLL, WEBHOOK_ACTIVE, Refusal, bad_request
from tests.telegram_api.world import DEFAULT_UPDATES, World


class Delivery:
    """How the bot gets its updates."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.webhook: dict[str, Any] = {}
        self.retry_scale = 1.0  # of the pauses between webhook attempts
        self.posts: list[int] = []  # status of every webhook attempt; 0: no connection
        self.polls = 0
        self._poll: asyncio.Event | None = None
        self._last: tuple[int, float] = (0, 0.0)
        self._last_error = ""
        self._pump: asyncio.Task[None] | None = None
        self._in_flight: set[str] = set()
        self._posting: set[asyncio.Task[None]] = set()

    # --- polling ----------------------------------------------------------------------------------------------------

    async def get_updates(self, params: Mapping[str, Any]) -> list[dict[str, Any]]:
        if self.webhook:
            raise Refusal(409, WEBHOOK_ACTIVE)
        self.polls += 1
        self._allow(params)
        offset, limit = int(params.get("offset", 0)), min(max(int(params.get("limit", 100)), 1), 100)
        timeout = min(max(float(params.get("timeout", 0)), 0), 50)
        self._confirm(offset)
        limit, timeout = self._slowed(offset, limit, timeout)
        if self._poll is not None:
            self._poll.set()  # the newer poll ends the older one
            self.world.notify()
        ended = self._poll = asyncio.Event()
        try:
            await self._wait(ended, timeout)
        finally:
            if self._poll is ended:
                self._poll = None
        if ended.is_set():
            raise Refusal(409, OTHER_POLL)
        return self.world.updates[:limit]

    def _allow(self, params: Mapping[str, Any]) -> None:
        if "allowed_updates" in params:
            self.world.allowed = set(params["allowed_updates"]) or set(DEFAULT_UPDATES)

    def _confirm(self, offset: int) -> None:
        """Everything before the offset is forgotten the moment the call arrives."""
        if offset > 0:
            self.world.updates[:] = [update for update in self.world.updates if _number(update) >= offset]
        elif offset < 0:
            self.world.updates[:] = self.world.updates[offset:]
        self.world.notify()

    def _slowed(self, offset: int, limit: int, timeout: float) -> tuple[int, float]:
        """Slow down a client that repeats the same poll."""
        before, at = self._last
        since = time.monotonic() - at
        self._last = (offset, time.monotonic())
        if offset == before and since < 0.5:
            limit = 1
        if offset == before and since < 3 and timeout < 3:
            timeout = 3
        return limit, timeout

    async def _wait(self, ended: asyncio.Event, timeout: float) -> None:  # noqa: ASYNC109
        if self.world.updates or not timeout:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout), self.world.changed:
                while not (self.world.updates or ended.is_set()):
                    await self.world.changed.wait()

    # --- webhook ----------------------------------------------------------------------------------------------------

    def set_webhook(self, params: Mapping[str, Any]) -> bool:
        url, secret = str(params.get("url", "")), str(params.get("secret_token", ""))
        if not url:
            return self.delete_webhook(params)
        if not url.startswith(("https://", "http://127.0.0.1")):  # plain HTTP as a local Bot API server allows it
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise bad_request("secret token contains unallowed characters")
        self._allow(params)
        self._drop(params)
        self.webhook = {"url": url, "secret": secret, "max": int(params.get("max_connections", 40))}
        if self._pump is None:
            self._pump = asyncio.create_task(self._deliver())
        self.world.notify()
        return True

    def delete_webhook(self, params: Mapping[str, Any]) -> bool:
        self._drop(params)
        self.webhook = {}
        return True

    def _drop(self, params: Mapping[str, Any]) -> None:
        if str(params.get("drop_pending_updates", "")).lower() in ("true", "1"):
            self.world.updates.clear()

    def webhook_info(self) -> dict[str, Any]:
        info: dict[str, Any] = {
            "url": self.webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self.world.updates),
        }
        return info | (
            {"last_error_message": self._last_error, "last_error_date": int(time.time())} if self._last_error else {}
        )

    async def close(self) -> None:
        for task in [*self._posting, *([self._pump] if self._pump else [])]:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _deliver(self) -> None:
        """One update in flight per chat, chats in parallel."""
        async with aiohttp.ClientSession() as session:
            while True:
                for update in list(self.world.updates if self.webhook else []):
                    queue = _queue(update)
                    if queue in self._in_flight or len(self._in_flight) >= self.webhook["max"]:
                        continue
                    self._in_flight.add(queue)
                    task = asyncio.create_task(self._post(session, update, queue))
                    self._posting.add(task)
                    task.add_done_callback(self._posting.discard)
                await _changed(self.world)

    async def _post(self, session: aiohttp.ClientSession, update: dict[str, Any], queue: str) -> None:
        pause = 0.0
        try:
            while self.webhook and update in self.world.updates:
                await asyncio.sleep(pause * self.retry_scale)
                pause = min(max(2.0, pause * 2), 60)
                if self.webhook and 200 <= await self._attempt(session, update) < 300:
                    if update in self.world.updates:
                        self.world.updates.remove(update)
                    return
        finally:
            self._in_flight.discard(queue)
            self.world.notify()

    async def _attempt(self, session: aiohttp.ClientSession, update: dict[str, Any]) -> int:
        headers = {"Content-Type": "application/json"}
        if self.webhook["secret"]:
            headers["X-Telegram-Bot-Api-Secret-Token"] = self.webhook["secret"]
        try:
            timeout = aiohttp.ClientTimeout(total=10)
            async with session.post(
                self.webhook["url"], data=json.dumps(update), headers=headers, timeout=timeout
            ) as response:
                self.posts.append(response.status)
                self._last_error = "" if response.ok else f"Wrong response from the webhook: {response.status}"
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.posts.append(0)
            self._last_error = f"Connection refused ({type(error).__name__})"
            return 0
        finally:
            self.world.notify()


def _number(update: Any) -> int:
    """The number of an update; of one without any, a number that every confirmation covers."""
    number = update.get("update_id") if isinstance(update, dict) else None
    return number if isinstance(number, int) else 0


def _queue(update: Mapping[str, Any]) -> str:
    for body in update.values():
        if isinstance(body, dict):
            chat = body.get("chat") or body.get("message", {}).get("chat") or body.get("from") or {}
            return str(chat.get("id", "")) if isinstance(chat, dict) else ""
    return ""


async def _changed(world: World) -> None:
    async with world.changed:
        await world.changed.wait()
