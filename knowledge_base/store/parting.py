"""Making two persons out of one: accounts leave, with what came by them alone; all else stays where it is.

account             theirs, and the private conversation with it
introductions       those that are named: the caller knows whose they are
subscription        when it is delivered by an account that leaves
links of mails      to what leaves, and to unsubscribe, when no mailbox stays behind
veiled links        (sent where their text could not go) and links that connect are over: who holds the message is
                    another person now
buttons, context    of the conversation that leaves are gone
messages waiting    to a mailbox go on with it; to a chat that leaves they go where the person still is
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.people import Account
from knowledge_base.store.tables import account, button, chat_context, introduction, outbox, page, person, subscription

MAIL, UNSUBSCRIBE = "email", "unsubscribe"
CONNECTING = ("connect", "disconnect")  # links that connect accounts, and take that back


async def part(
    connection: AsyncConnection,
    now: datetime,
    person_id: str,
    leaving: Sequence[Account],
    introductions: Collection[str],
    *,
    instead: Account | None,
) -> str:
    """Give these accounts of a person, and these introductions, to a new one; returns the new person's id.

    ``instead``: where the person hears what waits for a chat that leaves.
    """
    other = uuid4().hex
    languages = select(person.c.language, person.c.last_language).where(person.c.id == person_id)
    language, last_language = (await connection.execute(languages)).one()
    values = {"id": other, "language": language, "last_language": last_language, "created_at": now}
    await connection.execute(insert(person).values(**values))
    for one in leaving:
        where = (account.c.channel == one.channel, account.c.user_id == one.user_id, account.c.person_id == person_id)
        await connection.execute(update(account).where(*where).values(person_id=other))
    stays = set((await connection.execute(select(account.c.channel).where(account.c.person_id == person_id))).scalars())
    for one in leaving:
        await _conversation(connection, person_id, other, one, instead, alone=one.channel not in stays)
    await _introductions(connection, person_id, other, introductions)
    mail_leaves = MAIL in {one.channel for one in leaving} and MAIL not in stays
    await _links(connection, now, person_id, other, introductions, mail_leaves=mail_leaves)
    return other


async def _introductions(connection: AsyncConnection, old: str, new: str, ids: Collection[str]) -> None:
    for column in (introduction.c.asker, introduction.c.contact_person):
        where = (introduction.c.id.in_(ids), column == old)
        values = {column.name: new, "version": introduction.c.version + 1}
        await connection.execute(update(introduction).where(*where).values(values))


async def _links(
    connection: AsyncConnection, now: datetime, old: str, new: str, ids: Collection[str], *, mail_leaves: bool
) -> None:
    mine = page.c.person_id == old
    elsewhere = or_(page.c.veiled, page.c.kind.in_(CONNECTING))
    over = {"used_at": now, "content": None}
    await connection.execute(update(page).where(mine, elsewhere, page.c.used_at.is_(None)).values(over))
    await connection.execute(update(page).where(mine, page.c.subject.in_(ids)).values(person_id=new))
    if mail_leaves:
        await connection.execute(update(page).where(mine, page.c.kind == UNSUBSCRIBE).values(person_id=new))


async def _conversation(
    connection: AsyncConnection, old: str, new: str, one: Account, instead: Account | None, *, alone: bool
) -> None:
    """``alone``: the person keeps no other account on this network."""
    for table in (button, chat_context):
        await connection.execute(delete(table).where(table.c.person_id == old, _place(table.c, one)))
    own_chat = and_(subscription.c.channel == one.channel, subscription.c.conversation.is_(None))
    delivered = or_(own_chat, _place(subscription.c, one)) if alone else _place(subscription.c, one)
    await connection.execute(
        update(subscription).where(subscription.c.person_id == old, delivered).values(person_id=new)
    )
    waiting = (outbox.c.person_id == old, outbox.c.state == "new", _place(outbox.c, one))
    if one.channel == MAIL:
        await connection.execute(update(outbox).where(*waiting).values(person_id=new))
    elif instead is not None:
        place = {"channel": instead.channel, "conversation": instead.conversation}
        await connection.execute(update(outbox).where(*waiting).values(place))


def _place(columns: Any, one: Account) -> ColumnElement[bool]:
    return and_(columns.channel == one.channel, columns.conversation == (one.conversation or ""))
