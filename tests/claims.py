"""Claiming messages as a process does, for tests of what becomes of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bot.processes.leadership import Leadership
from knowledge_base.store.database import Store
from knowledge_base.store.inbox import InboxRow
from knowledge_base.store.outbox import OutboxRow
from knowledge_base.store.processes import Term
from knowledge_base.store.transaction import Transaction

ME = "the process of the test"


async def term(tx: Transaction, channel: str) -> Term:
    """The leadership of a channel that no living process leads."""
    epoch = await tx.processes.take(channel, ME)
    assert epoch is not None
    return Term(channel, ME, epoch)


async def to_send(tx: Transaction, channel: str, limit: int = 9) -> list[OutboxRow]:
    """What a sender claims now."""
    return await claimed(tx, await term(tx, channel), limit=limit)


async def claimed(tx: Transaction, of: Term, limit: int = 9) -> list[OutboxRow]:
    """What comes first, claimed in a term."""
    due = await tx.outbox.due(of.channel, limit=limit)
    return await tx.outbox.claim([one.seq for one in due], of)


async def to_handle(tx: Transaction, channel: str = "test", process: str = ME) -> list[InboxRow]:
    """What a dispatcher claims now."""
    waiting = await tx.inbox.waiting([channel], process)
    return await tx.inbox.claim([one.seq for one in waiting], process)


async def unclear(tx: Transaction, message_id: str, channel: str, reason: str) -> None:
    """A message that may or may not have arrived."""
    for row in await to_send(tx, channel, limit=99):
        if row.id == message_id:
            assert await tx.outbox.unclear(row, reason)
        else:
            await tx.outbox.give_back(row)


@asynccontextmanager
async def leading(store: Store, *channels: str) -> AsyncIterator[Leadership]:
    """A process that leads these channels."""
    leadership = Leadership(store, channels, place="test", settings={})
    await leadership.sign()
    yield leadership
    await leadership.leave()
