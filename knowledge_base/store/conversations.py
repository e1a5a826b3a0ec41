"""Conversations as such: where an admin allowed the bot, which ones are gone, which one got another id."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.subscriptions import Subscriptions
from knowledge_base.store.tables import account, button, chat_context, inbox, outbox, permit, subscription
from knowledge_base.store.upsert import insert_into

KEEP_IDS: tuple[Table, ...] = (
    account,
    button,
    inbox,
    outbox,
    subscription,
)  # name conversations, unique by something else


class Conversations:
    """What holds for a whole conversation."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def allow(self, channel: str, conversation: str, admin: str) -> None:
        """An admin allows the bot here."""
        values = {"channel": channel, "conversation": conversation, "granted_by": admin, "at": self._now}
        await self._connection.execute(insert_into(self._connection, permit).values(**values).on_conflict_do_nothing())

    async def forbid(self, channel: str, conversation: str) -> None:
        """The bot is out; to come back it must be allowed again."""
        where = (permit.c.channel == channel, permit.c.conversation == conversation)
        await self._connection.execute(delete(permit).where(*where))

    async def is_allowed(self, channel: str, conversation: str) -> bool:
        """Whether an admin allowed the bot here."""
        where = (permit.c.channel == channel, permit.c.conversation == conversation)
        return await self._connection.scalar(select(permit.c.channel).where(*where)) is not None

    async def gone(self, channel: str, conversation: str, reason: str) -> bool:
        """Nothing reaches it any more: its account and its digest are switched off, what still waits is given up.

        Returns whether it was anybody's private conversation.
        """
        where = (account.c.channel == channel, account.c.conversation == conversation)
        known = (await self._connection.execute(update(account).where(*where).values(active=False))).rowcount > 0
        await Subscriptions(self._connection, self._now).gone(channel, conversation)
        waiting = (outbox.c.channel == channel, outbox.c.conversation == conversation, outbox.c.state == "new")
        values = {"state": "dead", "error": reason, "payload": None, "finished_at": self._now}
        await self._connection.execute(update(outbox).where(*waiting).values(**values))
        return known

    async def back(self, channel: str, conversation: str) -> bool:
        """An admin says that it can be reached again; returns whether it is anybody's private conversation."""
        where = (account.c.channel == channel, account.c.conversation == conversation)
        return (await self._connection.execute(update(account).where(*where).values(active=True))).rowcount > 0

    async def all_gone(self, channel: str) -> list[str]:
        """Every private conversation of a channel that nothing reaches."""
        where = (account.c.channel == channel, account.c.active.is_(False), account.c.conversation.is_not(None))
        found = select(account.c.conversation).where(*where).order_by(account.c.conversation)
        return [str(conversation) for conversation in (await self._connection.execute(found)).scalars()]

    async def move(self, channel: str, old: str, new: str) -> None:
        """The network gave a conversation another id: everything that names it follows, at once."""
        for table in KEEP_IDS:
            where = (table.c.channel == channel, table.c.conversation == old)
            await self._connection.execute(update(table).where(*where).values(conversation=new))
        for table in (chat_context, permit):  # the new id may be in use already; then what is there holds
            await self._follow(table, channel, old, new)

    async def _follow(self, table: Table, channel: str, old: str, new: str) -> None:
        where = (table.c.channel == channel, table.c.conversation == old)
        for row in (await self._connection.execute(select(table).where(*where))).all():
            values = dict(zip(table.c.keys(), row, strict=True)) | {"conversation": new}
            await self._connection.execute(
                insert_into(self._connection, table).values(**values).on_conflict_do_nothing()
            )
        await self._connection.execute(delete(table).where(*where))
