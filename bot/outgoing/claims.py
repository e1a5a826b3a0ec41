"""Claims on the messages of one channel: which come next, and claims that no sender works on."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from time import monotonic

import structlog

from bot.channels.port import Channel, Traceable
from bot.messages.envelope import answers_in
from bot.outgoing.retry import is_doubtful
from bot.processes.turns import Turns
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import DueMessage, OutboxRow, Urgency
from knowledge_base.store.processes import Term
from knowledge_base.store.transaction import Transaction

log = structlog.get_logger()


class Claims:
    """The claims of this process on a channel's messages."""

    def __init__(self, store: Store, channel: Channel) -> None:
        self._store = store
        self._channel = channel
        self._turns: Turns[str] = Turns()
        self._settled: Term | None = None  # the term in which stranded claims were looked for last
        self._settle_again = 0.0

    async def take(self, term: Term, places: int, *, least: Urgency) -> list[OutboxRow]:
        """Claim the messages that come next, as many as there are places; conversations take turns."""
        async with self._store.read() as tx:
            due = await tx.outbox.due(term.channel, least=least)
        if not due:
            return []
        chosen = in_turn(due, self._turns.when)[:places]
        async with self._store.begin(first=True) as tx:
            rows = await tx.outbox.claim([row.seq for row in chosen], term)
            if isinstance(self._channel, Traceable):
                await self._mark(tx, rows, self._channel)
        for row in rows:
            self._turns.had(row.conversation)
        return rows

    async def _mark(self, tx: Transaction, rows: Sequence[OutboxRow], channel: Traceable) -> None:
        """Note where a message would be found; what may have arrived before keeps the note of that time.

        With idempotent sends every attempt may have arrived, also one that ended with ``TryLaterError``.
        """
        for row in rows:
            if self._channel.exactly_once or not is_doubtful(row):
                trace = channel.trace(row.conversation, answers_in(row.payload), row.trace or "")
                await tx.outbox.mark(row.id, trace)

    def look_again(self) -> None:
        """Look for stranded claims at the next occasion."""
        self._settle_again = 0.0

    async def stranded(self, term: Term, sending: Collection[str], *, every_s: float) -> list[OutboxRow]:
        """Return claims that may have been sent by a sender that is gone; those that never were are given back.

        Looked for at the beginning of each term and every ``every_s`` seconds; ``sending``: ids of what is sent now.
        """
        if term == self._settled and monotonic() < self._settle_again:
            return []
        async with self._store.read() as tx:
            stranded = await tx.outbox.stranded(term, sending)
            if term != self._settled and isinstance(self._channel, Traceable):
                self._channel.remember(await tx.outbox.last_remote_ids(self._channel.name))
        same = term == self._settled
        for row in stranded:
            if same and row.owner == term.process:  # its COMMIT came through, but not the reply to it
                log.warning("outbox.claim_found", outbox_id=row.id)
                async with self._store.begin(first=True) as tx:
                    await tx.outbox.give_back(row)
        self._settled, self._settle_again = term, monotonic() + every_s
        return [row for row in stranded if not (same and row.owner == term.process)]


def in_turn(due: Sequence[DueMessage], turns: Mapping[str, int]) -> list[DueMessage]:
    """Answers first, digests last; among these the conversation that got nothing for the longest time."""
    return sorted(due, key=lambda row: (row.urgency, turns.get(row.conversation, 0), row.seq))
