"""Conversations: permission by an admin, unreachable ones, and changes of their id."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.subscriptions import Subscriptions
from knowledge_base.store.tables import account, button, chat_context, inbox, outbox, permit, room_setting, subscription
from knowledge_base.store.upsert import insert_into

KEEP_IDS: tuple[Table, ...] = (
    account,
    button,
    inbox,
    outbox,
    subscription,
)  # name conversations, unique by something else


class Conversations:
    """Facts about whole conversations."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def allow(self, channel: str, conversation: str, admin: str) -> None:
        """Allow the bot in a conversation, for an admin."""
        values = {"channel": channel, "conversation": conversation, "granted_by": admin, "at": self._now}
        await self._connection.execute(insert_into(self._connection, permit).values(**values).on_conflict_do_nothing())

    async def forbid(self, channel: str, conversation: str) -> None:
        """Note that the bot is out; it needs a new permission to come back."""
        where = (permit.c.channel == channel, permit.c.conversation == conversation)
        await self._connection.execute(delete(permit).where(*where))

    async def is_allowed(self, channel: str, conversation: str) -> bool:
        """Return whether an admin allowed the bot here."""
        where = (permit.c.channel == channel, permit.c.conversation == conversation)
        return await self._connection.scalar(select(permit.c.channel).where(*where)) is not None

    async def gone(self, channel: str, conversation: str, reason: str) -> bool:
        """Note that a conversation is unreachable: switch off its account and digest, give up waiting messages.

        Return whether it was a private conversation.
        """
        where = (account.c.channel == channel, account.c.conversation == conversation)
        known = (await self._connection.execute(update(account).where(*where).values(active=False))).rowcount > 0
        await Subscriptions(self._connection, self._now).gone(channel, conversation)
        waiting = (outbox.c.channel == channel, outbox.c.conversation == conversation, outbox.c.state == "new")
        values = {"state": "dead", "error": reason, "payload": None, "finished_at": self._now}
        await self._connection.execute(update(outbox).where(*waiting).values(**values))
        return known

    async def back(self, channel: str, conversation: str) -> bool:
        """Note, for an admin, that a conversation is reachable again; return whether it is a private one."""
        where = (account.c.channel == channel, account.c.conversation == conversation)
        return (await self._connection.execute(update(account).where(*where).values(active=True))).rowcount > 0

    async def accounts_at(self, channel: str, conversation: str) -> list[str]:
        """Return the accounts that have this private conversation."""
        where = (account.c.channel == channel, account.c.conversation == conversation)
        return list((await self._connection.execute(select(account.c.user_id).where(*where))).scalars())

    async def leave(self, channel: str, user: str, conversation: str, to: str | None) -> bool:
        """Make ``to`` the private conversation of this account, if this one was; return whether it was."""
        where = (account.c.channel == channel, account.c.user_id == user, account.c.conversation == conversation)
        statement = update(account).where(*where).values(conversation=to)
        return (await self._connection.execute(statement)).rowcount > 0

    async def offer(self, channel: str, user: str, place: str) -> None:
        """Let the account be reached at ``place`` while it has no private conversation."""
        where = (account.c.channel == channel, account.c.user_id == user, account.c.conversation.is_(None))
        await self._connection.execute(update(account).where(*where).values(conversation=place))

    async def readdress(self, message_id: str, channel: str, conversation: str, payload: Mapping[str, Any]) -> None:
        """Send a message that was certainly not sent to another place, now, unless it was withdrawn meanwhile."""
        values: dict[str, Any] = {"channel": channel, "conversation": conversation, "payload": dict(payload)}
        values |= {
            "state": "new",
            "owner": None,
            "claimed_at": None,
            "not_before": self._now,
            "error": None,
            "trace": None,
        }
        here = (outbox.c.id == message_id, outbox.c.payload.is_not(None))
        await self._connection.execute(update(outbox).where(*here).values(**values))

    async def go_on(self, channel: str, person_id: str, old: str, new: str) -> None:
        """Let what a person was asked last at ``old`` be answered at ``new``, too."""
        here = (chat_context.c.channel == channel, chat_context.c.person_id == person_id)
        last = select(chat_context).where(*here, chat_context.c.conversation == old).order_by(chat_context.c.at.desc())
        row = (await self._connection.execute(last.limit(1))).first()
        if row is None:
            return
        there = (chat_context.c.conversation == new, chat_context.c.thread == "")
        await self._connection.execute(delete(chat_context).where(*here, *there))
        values = dict(zip(chat_context.c.keys(), row, strict=True)) | {"conversation": new, "thread": ""}
        await self._connection.execute(insert_into(self._connection, chat_context).values(**values))

    async def all_gone(self, channel: str) -> list[str]:
        """Return every unreachable private conversation of a channel."""
        where = (account.c.channel == channel, account.c.active.is_(False), account.c.conversation.is_not(None))
        statement = select(account.c.conversation).where(*where).order_by(account.c.conversation)
        return [str(conversation) for conversation in (await self._connection.execute(statement)).scalars()]

    async def move(self, channel: str, old: str, new: str) -> None:
        """Follow a change of a conversation's id by the network in every table at once."""
        for table in KEEP_IDS:
            where = (table.c.channel == channel, table.c.conversation == old)
            await self._connection.execute(update(table).where(*where).values(conversation=new))
        for table in (chat_context, permit, room_setting):  # the new id may be in use already; then its rows win
            await self._follow(table, channel, old, new)

    async def _follow(self, table: Table, channel: str, old: str, new: str) -> None:
        where = (table.c.channel == channel, table.c.conversation == old)
        for row in (await self._connection.execute(select(table).where(*where))).all():
            values = dict(zip(table.c.keys(), row, strict=True)) | {"conversation": new}
            if table is chat_context:  # the latest question wins
                older: tuple[Any, ...] = (
                    table.c.channel == channel,
                    table.c.conversation == new,
                    table.c.person_id == row.person_id,
                )
                older += (table.c.thread == row.thread, table.c.at < row.at)
                await self._connection.execute(delete(table).where(*older))
            await self._connection.execute(
                insert_into(self._connection, table).values(**values).on_conflict_do_nothing()
            )
        await self._connection.execute(delete(table).where(*where))
