"""Separation of one person into two: accounts leave with the data that belong to them alone; all else stays.

account             theirs, and the private conversation with it
introductions       those that are named (the caller knows their owner), with what was agreed to in them
subscription        when it is delivered by an account that leaves
links of mails      to what leaves, and to unsubscribe, when no mailbox stays behind; those to introductions that stay
                    expire when a mailbox leaves: they would answer for another person now
veiled links        (sent where their text could not go) and links that connect expire: the holder of the message is
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

from knowledge_base.model import ContactNetwork
from knowledge_base.store.consents import unlocked
from knowledge_base.store.people import Account, hold_person
from knowledge_base.store.tables import (
    account,
    button,
    chat_context,
    consent,
    introduction,
    outbox,
    page,
    person,
    subscription,
)

MAIL = ContactNetwork.EMAIL.value
UNSUBSCRIBE, REQUEST = "unsubscribe", "i"  # kinds of links
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
    """Give these accounts of a person, and these introductions, to a new person; return the new id.

    ``instead``: the conversation for messages that wait for a chat that leaves.
    """
    async with unlocked(connection):  # first of all: separations, merges and erasures run one after the other
        return await _part(connection, now, person_id, leaving, introductions, instead)


async def _part(
    connection: AsyncConnection,
    now: datetime,
    person_id: str,
    leaving: Sequence[Account],
    introductions: Collection[str],
    instead: Account | None,
) -> str:
    await hold_person(connection, person_id)
    other = uuid4().hex
    languages = select(person.c.language, person.c.last_language).where(person.c.id == person_id)
    language, last_language = (await connection.execute(languages)).one()
    values = {"id": other, "language": language, "last_language": last_language, "created_at": now}
    await connection.execute(insert(person).values(**values))
    for moved in leaving:
        where = (
            account.c.channel == moved.channel,
            account.c.user_id == moved.user_id,
            account.c.person_id == person_id,
        )
        await connection.execute(update(account).where(*where).values(person_id=other))
    stays = set((await connection.execute(select(account.c.channel).where(account.c.person_id == person_id))).scalars())
    for moved in leaving:
        await _conversation(connection, person_id, other, moved, instead, alone=moved.channel not in stays)
    await _introductions(connection, person_id, other, introductions)
    await _links(connection, now, person_id, other, introductions)
    if MAIL in {moved.channel for moved in leaving}:
        await _links_of_mails(connection, now, person_id, other, mail_stays=MAIL in stays)
    return other


async def _introductions(connection: AsyncConnection, old: str, new: str, ids: Collection[str]) -> None:
    held = select(introduction.c.id).where(introduction.c.id.in_(ids)).order_by(introduction.c.id)
    await connection.execute(held.with_for_update())
    for column in (introduction.c.asker, introduction.c.contact_person):
        where = (introduction.c.id.in_(ids), column == old)
        values = {column.name: new, "version": introduction.c.version + 1}
        await connection.execute(update(introduction).where(*where).values(values))
    agreed = (
        consent.c.subject == old,
        consent.c.purpose.in_([f"introduction:{introduction_id}" for introduction_id in ids]),
    )
    await connection.execute(update(consent).where(*agreed).values(subject=new))


async def _links(connection: AsyncConnection, now: datetime, old: str, new: str, ids: Collection[str]) -> None:
    await _over(connection, now, old, or_(page.c.veiled, page.c.kind.in_(CONNECTING)))
    mine = page.c.person_id == old
    await connection.execute(update(page).where(mine, page.c.subject.in_(ids)).values(person_id=new))


async def _links_of_mails(connection: AsyncConnection, now: datetime, old: str, new: str, *, mail_stays: bool) -> None:
    await _over(connection, now, old, page.c.kind == REQUEST)
    if not mail_stays:
        mine = (page.c.person_id == old, page.c.kind == UNSUBSCRIBE)
        await connection.execute(update(page).where(*mine).values(person_id=new))


async def _over(connection: AsyncConnection, now: datetime, old: str, which: ColumnElement[bool]) -> None:
    still = (page.c.person_id == old, which, page.c.used_at.is_(None))
    await connection.execute(update(page).where(*still).values(used_at=now, content=None))


async def _conversation(
    connection: AsyncConnection, old: str, new: str, moved: Account, instead: Account | None, *, alone: bool
) -> None:
    """Move a conversation; ``alone``: the person keeps no other account on this network."""
    for table in (button, chat_context):
        await connection.execute(delete(table).where(table.c.person_id == old, _place(table.c, moved)))
    own_chat = and_(subscription.c.channel == moved.channel, subscription.c.conversation.is_(None))
    delivered = or_(own_chat, _place(subscription.c, moved)) if alone else _place(subscription.c, moved)
    subscriptions = update(subscription).where(subscription.c.person_id == old, delivered)
    await connection.execute(subscriptions.values(person_id=new, next_due_at=None))  # the municipality stays behind
    waiting = (outbox.c.person_id == old, outbox.c.state == "new", _place(outbox.c, moved))
    if moved.channel == MAIL:
        await connection.execute(update(outbox).where(*waiting).values(person_id=new))
    elif instead is not None:
        place = {"channel": instead.channel, "conversation": instead.conversation}
        await connection.execute(update(outbox).where(*waiting).values(place))


def _place(columns: Any, moved: Account) -> ColumnElement[bool]:
    return and_(columns.channel == moved.channel, columns.conversation == (moved.conversation or ""))
