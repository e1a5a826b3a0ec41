"""Mute conversations: one with waiting messages and no progress, or with a claim older than any work takes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, distinct, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.outbox import Urgency
from knowledge_base.store.tables import inbox, outbox


async def muted(connection: AsyncConnection, now: datetime, channels: Collection[str], *, after: timedelta) -> int:
    """Return the number of conversations of these channels that have been mute for ``after`` or longer.

    A conversation with a long queue is not mute as long as messages are handled or sent there. Digests may wait: the
    networks limit how many go out at once.
    """
    long_ago = now - after
    received = (inbox.c.state == "new", inbox.c.received_at < long_ago, ~_goes_on(inbox, "handled_at", long_ago))
    to_send = (
        outbox.c.state.in_(("new", "leased")),
        outbox.c.urgency < Urgency.BULK,
        outbox.c.not_before < long_ago,
        ~_goes_on(outbox, "finished_at", long_ago),
    )
    mute = 0
    for table, where in ((inbox, received), (outbox, to_send)):
        conversations = select(func.count(distinct(table.c.conversation)))
        mute += await connection.scalar(conversations.where(table.c.channel.in_(list(channels)), *where)) or 0
    return mute


def _goes_on(table: Table, ended: str, long_ago: datetime) -> ColumnElement[bool]:
    """Return whether a message of the conversation was finished or claimed since ``long_ago``."""
    other = table.alias("other")
    return exists().where(
        other.c.channel == table.c.channel,
        other.c.conversation == table.c.conversation,
        or_(other.c[ended] > long_ago, other.c.claimed_at > long_ago),
    )
