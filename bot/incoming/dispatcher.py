"""What the intake kept, to be handled: in order per conversation, conversations in parallel, not too many at once.

The database is the queue, and several processes may work on it: each claims what it works on. Held here are only the
conversations in work, one message of each, and who had their turn when: people take turns, so that those who write a
thousand messages, or have thirty accounts, delay the others by no more than one message each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import structlog

from bot.incoming.intake import Intake
from bot.processes.turns import Turns
from knowledge_base.store.database import Store
from knowledge_base.store.inbox import InboxRow, Waiting
from knowledge_base.store.outbox import new_id

log = structlog.get_logger()

PARALLEL = 8  # conversations answered at once
SUSPECT = 2  # attempts after which a message may be what killed them: such come one by one, or all would be blamed
FIRST_REST_S, REST_S = 0.5, 30.0  # until a message is tried again that could not be handled; doubled each time
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
        channels: Callable[[], Collection[str]],
        *,
        process: str = "",
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        """``channels``: those that this process may handle now; ``process``: under which it claims messages."""
        self._store = store
        self._channels = channels
        self._process = process or new_id()
        self._turns: Turns[tuple[str, str]] = Turns()
        self._intake = intake
        self._handle = handle
        self._alive = alive
        self._busy: set[Conversation] = set()
        self._suspect: Conversation | None = None  # the one that was let in last
        self._resting: set[Conversation] = set()
        self._failures: dict[Conversation, int] = {}  # how often in a row a message could not be handled
        self._nothing_left = asyncio.Event()

    async def run(self) -> None:
        """Handle messages until cancelled, beginning with those that an earlier process left."""
        async with asyncio.TaskGroup() as conversations:
            while True:
                self._intake.arrived.clear()
                rows = await self._next()
                for row in rows:
                    self._busy.add((row.channel, row.conversation))
                    if row.attempts > SUSPECT:  # this attempt is counted
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
                waiting = await tx.inbox.waiting(self._channels(), self._process)
            free = [row for row in waiting if (row.channel, row.conversation) not in held]
            free = one_suspect(free, others=self._suspect in self._busy)
            chosen = in_turn(free, self._turns.when)[:places]
            rows: list[InboxRow] = []
            if chosen:
                async with self._store.begin() as tx:
                    rows = await tx.inbox.claim([row.seq for row in chosen], self._process)
        except Exception:  # the database is away: it comes back, and so do we
            log.exception("dispatch.failed")
            return []
        self._alive()
        for row in rows:
            self._turns.had((row.channel, row.user_id))
        return rows

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
            self._failures.pop(conversation, None)
            await self._intake.handled()
        else:
            failures = self._failures[conversation] = self._failures.get(conversation, 0) + 1
            self._resting.add(conversation)
            rest = min(FIRST_REST_S * 2.0 ** min(failures - 1, 10), REST_S)
            asyncio.get_running_loop().call_later(rest, self._wake_up, conversation)
        self._intake.arrived.set()

    def _wake_up(self, conversation: Conversation) -> None:
        self._resting.discard(conversation)
        self._intake.arrived.set()


def in_turn(waiting: Sequence[Waiting], turns: Mapping[tuple[str, str], int]) -> list[Waiting]:
    """Who had no turn for the longest time comes first; among those that had none, the oldest message."""
    return sorted(waiting, key=lambda row: (turns.get((row.channel, row.user_id), 0), row.seq))


def one_suspect(waiting: Sequence[Waiting], *, others: bool) -> list[Waiting]:
    """Return all without suspicion, and the first suspect; no suspect while ``others`` are in work."""
    suspects = [row.seq for row in waiting if row.attempts >= SUSPECT]
    held_back = suspects if others else suspects[1:]
    return [row for row in waiting if row.seq not in held_back]
