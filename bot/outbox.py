"""Sending what the outbox holds: one sender per channel, answers first, in order per conversation, nothing twice.

What happens after a send, by the answer of the network (``bot.ports``):

- sent: marked with the network's id;
- certainly not sent: tried again later, ever later, up to a day;
- will never be delivered: dead; and when the person is gone, their account is switched off until they write again;
- unclear: a channel with idempotent sends just sends again. Without them, an answer goes out once more (none would be
  worse than two), everything else is kept as unclear and shown to the admins (two would be worse than none).

The same holds for a message whose sender was killed in between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta

import structlog

from bot.messages import Address, Outgoing, Say
from bot.ports import Channel, TryLaterError, UnclearError, UndeliverableError
from bot.texts import Texts
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import OutboxRow, Urgency

log = structlog.get_logger()

PARALLEL = 16  # conversations sent to at once
LEASE = timedelta(minutes=5)  # longer than any send takes
LOOK_AGAIN = 5.0  # seconds; another process may have stored something
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=5)
GIVE_UP = timedelta(hours=23)  # networks remember a transaction id for a day; after that a repetition could double


def pause(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: doubled each time."""
    doubled: timedelta = FIRST_PAUSE * 2.0 ** min(attempts - 1, 16)
    return min(doubled, LONGEST_PAUSE)


class Sender:
    """Sends the messages of one channel; at most one per channel and database runs."""

    def __init__(self, store: Store, texts: Texts, channel: Channel, *, unclear: Callable[[], None]) -> None:
        self._store = store
        self._texts = texts
        self._channel = channel
        self._tell_unclear = unclear
        self._wake = asyncio.Event()
        self._sending = 0
        self._nothing_left = asyncio.Event()

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def idle(self) -> None:
        """Wait until nothing is left that can be sent now."""
        self._nothing_left.clear()
        self._wake.set()
        await self._nothing_left.wait()

    async def run(self) -> None:
        """Send until cancelled; first what an earlier sender left unfinished."""
        await self._settle()
        async with asyncio.TaskGroup() as sends:
            while True:
                self._wake.clear()
                async with self._store.begin() as tx:
                    rows = await tx.outbox.lease(self._channel.name, limit=PARALLEL - self._sending, lasting=LEASE)
                for row in rows:
                    self._sending += 1
                    sends.create_task(self._send(row))
                if not rows:
                    if not self._sending:
                        self._nothing_left.set()
                    await self._sleep()

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(LOOK_AGAIN):
                await self._wake.wait()
        except TimeoutError:
            pass

    async def _settle(self) -> None:
        async with self._store.read() as tx:
            left = await tx.outbox.release(self._channel.name)
        for row in left:
            await self._unclear(row, "the sender was stopped")

    async def _send(self, row: OutboxRow) -> None:
        with structlog.contextvars.bound_contextvars(channel=row.channel, outbox_id=row.id):
            try:
                remote_id = await self._channel.send(self._render(row))
                async with self._store.begin() as tx:
                    await tx.outbox.sent(row.id, remote_id)
            except TryLaterError as error:
                await self._later(row, error)
            except UndeliverableError as error:
                await self._dead(row, error)
            except UnclearError as error:
                await self._unclear(row, error.message)
            except Exception:
                log.exception("outbox.failed")
                await self._dead(row, UndeliverableError("internal error"))
            finally:
                self._sending -= 1
                self._wake.set()

    def _render(self, row: OutboxRow) -> Outgoing:
        say, language = Say.from_json(row.payload["say"]), row.payload["language"]
        return Outgoing(
            id=row.id,
            address=Address(row.channel, row.conversation, row.payload.get("thread", "")),
            language=language,
            document=self._texts.render(say, language),
            choices=self._texts.choices(say, language),
            answers=row.payload.get("answers", ""),
        )

    async def _later(self, row: OutboxRow, error: TryLaterError) -> None:
        now = self._store.now()
        if now - row.created_at > GIVE_UP:
            await self._dead(row, UndeliverableError(error.message))
            return
        log.info("outbox.later", attempts=row.attempts, reason=error.message)
        async with self._store.begin() as tx:
            wait = error.after or pause(row.attempts)
            await tx.outbox.retry(row.id, not_before=now + wait, error=error.message)

    async def _dead(self, row: OutboxRow, error: UndeliverableError) -> None:
        log.warning("outbox.dead", reason=error.message, gone=error.gone)
        async with self._store.begin() as tx:
            await tx.outbox.dead(row.id, error.message)
            if error.gone and row.person_id:
                await tx.people.switch_off(row.person_id, row.channel)

    async def _unclear(self, row: OutboxRow, reason: str) -> None:
        repeat = self._channel.exactly_once or (row.urgency == Urgency.ANSWER and row.attempts <= 1)
        async with self._store.begin() as tx:
            if repeat:
                await tx.outbox.retry(row.id, not_before=self._store.now(), error=reason)
            else:
                await tx.outbox.unclear(row.id, reason)
        if not repeat:
            log.warning("outbox.unclear", reason=reason, outbox_id=row.id)
            self._tell_unclear()
