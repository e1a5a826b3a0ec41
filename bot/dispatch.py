"""What the intake kept, to be handled: in order per conversation, conversations in parallel, not too many at once.

The database is the queue. Held here are only the conversations in work, one message of each; so one person who writes
a thousand messages delays nobody else, and nothing is in memory that a kill could lose.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

import structlog

from bot.inbox import Intake
from knowledge_base.store.database import Store
from knowledge_base.store.inbox import InboxRow

log = structlog.get_logger()

PARALLEL = 8  # conversations answered at once
SUSPECT = 2  # attempts after which a message may be what killed them: such come one by one, or all would be blamed
REST_S = 30.0  # until a message is tried again that could not even be ended with an apology
LOOK_AGAIN_S = 5.0  # another process on this database may have left something, and the proof of life

Handle = Callable[[InboxRow], Awaitable[bool]]
Conversation = tuple[str, str]  # channel, conversation


class Dispatch:
    """Hands every message to ``handle``, which never raises and tells whether the message is done with."""

    def __init__(
        self,
        store: Store,
        intake: Intake,
        handle: Handle,
        channels: Collection[str],
        *,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._channels = channels
        self._intake = intake
        self._handle = handle
        self._alive = alive
        self._busy: set[Conversation] = set()
        self._suspect: Conversation | None = None  # the one that was let in last
        self._resting: set[Conversation] = set()
        self._nothing_left = asyncio.Event()

    async def run(self) -> None:
        """Handle messages until cancelled, beginning with those that an earlier process left."""
        async with asyncio.TaskGroup() as conversations:
            while True:
                self._intake.arrived.clear()
                found = await self._next()
                for row in found:
                    self._busy.add((row.channel, row.conversation))
                    if row.attempts >= SUSPECT:
                        self._suspect = (row.channel, row.conversation)
                    conversations.create_task(self._work_off(row))
                if not self._busy and not self._intake.arrived.is_set():
                    self._nothing_left.set()
                await self._wait()

    async def idle(self) -> None:
        """Wait until everything that was taken in is handled."""
        self._nothing_left.clear()
        self._intake.arrived.set()
        await self._nothing_left.wait()

    async def _next(self) -> list[InboxRow]:
        """The next message of each conversation that is not in work, as many as there are places."""
        places = PARALLEL - len(self._busy)
        if places <= 0:
            return []
        held = self._busy | self._resting
        try:
            async with self._store.read() as tx:
                rows = await tx.inbox.waiting(self._channels, limit=places + len(held))
        except Exception as error:  # noqa: BLE001 - the database is away: it comes back, and so do we
            log.error("dispatch.failed", error=type(error).__name__)  # noqa: TRY400 - every few seconds, no trace
            return []
        self._alive()
        free = [row for row in rows if (row.channel, row.conversation) not in held]
        return one_suspect(free, others=self._suspect in self._busy)[:places]

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(LOOK_AGAIN_S):
                await self._intake.arrived.wait()
        except TimeoutError:
            pass

    async def _work_off(self, row: InboxRow) -> None:
        conversation = (row.channel, row.conversation)
        done = await self._handle(row)
        self._busy.discard(conversation)
        if done:
            await self._intake.handled()
        else:
            self._resting.add(conversation)
            asyncio.get_running_loop().call_later(REST_S, self._wake_up, conversation)
        self._intake.arrived.set()

    def _wake_up(self, conversation: Conversation) -> None:
        self._resting.discard(conversation)
        self._intake.arrived.set()


def one_suspect(rows: Sequence[InboxRow], *, others: bool) -> list[InboxRow]:
    """All that nobody suspects, and the first of those that are; none of them while ``others`` are in work."""
    suspects = [row.seq for row in rows if row.attempts >= SUSPECT]
    held_back = suspects if others else suspects[1:]
    return [row for row in rows if row.seq not in held_back]
