"""Persons, their accounts, and their last question in each conversation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, case, delete, insert, null, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.errors import ChangedMeanwhileError
from knowledge_base.store.tables import account, chat_context, person
from knowledge_base.store.upsert import insert_into


@dataclass(frozen=True, slots=True)
class Person:
    """A user of the bot, on one or more accounts."""

    id: str
    language: str | None  # chosen
    last_language: str | None  # of their last question
    new: bool = False  # first seen in this very transaction


@dataclass(frozen=True, slots=True)
class ChatContext:
    """The last question of a person in a conversation, and the hits of its answer."""

    query: Mapping[str, Any] | None
    answer_id: str | None
    choices: tuple[str, ...]  # the commands behind the numbers 1, 2, … last shown
    at: datetime
    awaits: str = ""  # the command that the next plain text completes: the bot asked for it


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a person."""

    channel: str
    user_id: str
    conversation: str | None  # the private one, once there is one
    active: bool  # False: unreachable until they write again
    public_name: str = ""  # under which anyone can write to it; stored only when it may be needed


async def hold_person(connection: AsyncConnection, person_id: str) -> None:
    """Lock a person's row, see ``People.hold``. Rows that refer to the person can still be added by others."""
    statement = select(person.c.id).where(person.c.id == person_id).with_for_update(key_share=True)
    if await connection.scalar(statement) is None:
        raise ChangedMeanwhileError("The person was merged or erased meanwhile.")


class People:
    """The users of the bot."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def of_account(self, channel: str, user_id: str) -> Person | None:
        """Return the person behind an account, if they ever wrote."""
        statement = select(person).join(account).where(account.c.channel == channel, account.c.user_id == user_id)
        row = (await self._connection.execute(statement)).first()
        return Person(row.id, row.language, row.last_language) if row else None

    async def get(self, person_id: str) -> Person | None:
        """Return a person by id."""
        row = (await self._connection.execute(select(person).where(person.c.id == person_id))).first()
        return Person(row.id, row.language, row.last_language) if row else None

    async def identify(
        self,
        channel: str,
        user_id: str,
        *,
        private_conversation: str | None,
        returns: bool = True,
        public_name: str | None = None,
        new_id: str | None = None,
    ) -> Person:
        """Return the person behind an account, created if new. ``returns``: a switched-off account is reachable again.

        ``public_name``: the present name of the account, "" for no name; it replaces a stored one.
        ``new_id``: the id of a new person; by default a random one.
        """
        known = await self.of_account(channel, user_id)
        if known is None:
            made = await self._make(channel, user_id, private_conversation, new_id or uuid4().hex)
            if made is not None:
                return made
            known = await self.of_account(channel, user_id)
        if known is None:
            raise ChangedMeanwhileError("The account was made and erased in the same moment.")
        values: dict[str, Any] = {"active": True} if returns else {}
        if private_conversation is not None:
            values["conversation"] = private_conversation
        if public_name is not None:
            kept = account.c.public_name.is_not(None)
            values["public_name"] = case((kept, public_name), else_=null()) if public_name else None
        where = (account.c.channel == channel, account.c.user_id == user_id)
        if values:
            await self._connection.execute(update(account).where(*where).values(**values))
        return known

    async def _make(
        self, channel: str, user_id: str, private_conversation: str | None, person_id: str
    ) -> Person | None:
        """Return a new person with this account; ``None`` when another transaction has created it meanwhile."""
        new = Person(person_id, None, None, new=True)
        values = {"id": new.id, "language": None, "last_language": None, "created_at": self._now}
        await self._connection.execute(insert(person).values(**values))
        statement = insert_into(self._connection, account).values(
            channel=channel, user_id=user_id, person_id=new.id, conversation=private_conversation, active=True,
            first_seen=self._now,
        )  # fmt: skip
        statement = statement.on_conflict_do_nothing().returning(account.c.person_id)
        if await self._connection.scalar(statement) is None:
            await self._connection.execute(delete(person).where(person.c.id == new.id))
            return None
        return new

    async def hold(self, person_id: str) -> None:
        """Make other acts of this person wait until the end of the transaction: what is read of them now stays so.

        Call it before reading. Raise ``ChangedMeanwhileError`` when the person became another one, or was erased.
        """
        await hold_person(self._connection, person_id)

    async def private_conversation(self, channel: str, user_id: str) -> str | None:
        """Return the private conversation of an account; ``None`` when it never wrote or cannot be reached."""
        statement = select(account.c.conversation).where(
            account.c.channel == channel, account.c.user_id == user_id, account.c.active
        )
        return await self._connection.scalar(statement)

    async def link(self, person_id: str, channel: str, user_id: str, conversation: str) -> None:
        """Link the account to this person, reachable; the caller takes care of its previous person."""
        key = {"channel": channel, "user_id": user_id}
        values = {"person_id": person_id, "conversation": conversation, "active": True}
        statement = insert_into(self._connection, account).values(**key, **values, first_seen=self._now)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))

    async def keep_name(self, channel: str, user_id: str, public_name: str) -> None:
        """Store the public name of an account; an empty one means that it has no name."""
        where = (account.c.channel == channel, account.c.user_id == user_id)
        await self._connection.execute(update(account).where(*where).values(public_name=public_name or None))

    async def switch_off(self, person_id: str, channel: str) -> None:
        """Mark a person as unreachable on a channel until they write again."""
        where = (account.c.channel == channel, account.c.person_id == person_id)
        await self._connection.execute(update(account).where(*where).values(active=False))

    async def choose_language(self, person_id: str, language: str | None) -> None:
        """Set the language of answers to this person; ``None`` follows their questions again."""
        await self._connection.execute(update(person).where(person.c.id == person_id).values(language=language))

    async def spoke(self, person_id: str, language: str) -> None:
        """Note the language of a person's last question."""
        await self._connection.execute(update(person).where(person.c.id == person_id).values(last_language=language))

    async def context(self, key: Sequence[str], *, younger_than: timedelta) -> ChatContext | None:
        """Return the last question at ``(channel, conversation, thread, person id)`` if it is recent enough."""
        statement = select(chat_context).where(*_at(key), chat_context.c.at > self._now - younger_than)
        return _context((await self._connection.execute(statement)).first(), key[3])

    async def context_of_answer(
        self, answer_id: str, place: tuple[str, str], person_id: str, *, younger_than: timedelta
    ) -> ChatContext | None:
        """Return the context that an answer in this (channel, conversation) left, if it is recent enough."""
        here = (chat_context.c.channel == place[0], chat_context.c.conversation == place[1])
        recent = chat_context.c.at > self._now - younger_than
        statement = select(chat_context).where(*here, recent, chat_context.c.answer_id == answer_id)
        statement = statement.order_by(chat_context.c.at).limit(1)  # the oldest: numbers offered later are not its own
        return _context((await self._connection.execute(statement)).first(), person_id)

    async def context_of_thread(
        self, place: tuple[str, str, str], person_id: str, *, younger_than: timedelta
    ) -> ChatContext | None:
        """Return the last context of any person in a (channel, conversation, thread), if it is recent enough."""
        names = (chat_context.c.channel, chat_context.c.conversation, chat_context.c.thread)
        here = [name == value for name, value in zip(names, place, strict=True)]
        statement = select(chat_context).where(*here, chat_context.c.at > self._now - younger_than)
        statement = statement.order_by(chat_context.c.at.desc()).limit(1)
        return _context((await self._connection.execute(statement)).first(), person_id)

    async def accounts(self, person_id: str) -> list[Account]:
        """Return every account of a person, the first seen first."""
        statement = select(account).where(account.c.person_id == person_id).order_by(account.c.first_seen)
        rows = await self._connection.execute(statement)
        return [Account(row.channel, row.user_id, row.conversation, row.active, row.public_name or "") for row in rows]

    async def remember(
        self,
        key: Sequence[str],
        query: Mapping[str, Any] | None,
        answer_id: str | None,
        choices: Sequence[str],
        *,
        awaits: str = "",
    ) -> None:
        """Store the question for follow-ups; ``awaits`` is the command that the next plain text completes."""
        columns = ("channel", "conversation", "thread", "person_id")
        values = {"query": query and dict(query), "answer_id": answer_id, "choices": list(choices), "at": self._now}
        values["awaits"] = awaits or None
        statement = insert_into(self._connection, chat_context).values(**dict(zip(columns, key, strict=True)), **values)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=columns, set_=values))

    async def got(self, key: Sequence[str]) -> None:
        """Note that the awaited text has come."""
        await self._connection.execute(update(chat_context).where(*_at(key)).values(awaits=None))

    async def forget_contexts(self, older_than: timedelta) -> int:
        """Delete contexts that no follow-up can use any more."""
        result = await self._connection.execute(delete(chat_context).where(chat_context.c.at < self._now - older_than))
        return result.rowcount


def _context(row: Row[Any] | None, person_id: str) -> ChatContext | None:
    """Return a row as context; what the bot asked one person to complete, another person does not complete."""
    if row is None:
        return None
    awaits = row.awaits if row.awaits and row.person_id == person_id else ""
    return ChatContext(row.query, row.answer_id, tuple(row.choices), row.at, awaits)


def _at(key: Sequence[str]) -> tuple[Any, ...]:
    channel, conversation, thread, person_id = key
    return (
        chat_context.c.channel == channel,
        chat_context.c.conversation == conversation,
        chat_context.c.thread == thread,
        chat_context.c.person_id == person_id,
    )
