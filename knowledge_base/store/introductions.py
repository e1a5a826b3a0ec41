"""Introductions as rows. Saved by compare-and-set: of two changes made from the same version, one wins."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, delete, false, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.introductions.values import (
    ASKED,
    WAITING,
    Introduction,
    KnownPerson,
    Outcome,
    Shares,
    Side,
    State,
)
from knowledge_base.store.postgresql import is_reading
from knowledge_base.store.tables import (
    account,
    contact_check,
    contact_notice,
    introduction,
    introduction_count,
    introduction_request,
)
from knowledge_base.store.tables import profile as profiles
from knowledge_base.store.upsert import insert_into

OPEN = (*WAITING, State.OPENING)
AT_ONCE = 500  # accounts of one query


class Introductions:
    """All introductions."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, record: Introduction) -> None:
        """A new one. ``StoreError`` when the code is taken: see ``is_free``."""
        await self._connection.execute(insert(introduction).values(**_values(record)))

    async def is_free(self, code: str) -> bool:
        """Whether no introduction bears this code."""
        return await self._connection.scalar(select(introduction.c.id).where(introduction.c.code == code)) is None

    async def get(self, introduction_id: str) -> Introduction | None:
        """Return an introduction; a transaction that writes holds it, so no other changes it meanwhile."""
        return await self._one(introduction.c.id == introduction_id)

    async def by_code(self, code: str) -> Introduction | None:
        """The one that people mean by this code; held as by ``get``."""
        return await self._one(introduction.c.code == code.upper())

    async def hold(self, ids: Collection[str]) -> None:
        """Lock these in one order everywhere, so that two transactions with several of them do not wait in a ring."""
        statement = select(introduction.c.id).where(introduction.c.id.in_(ids)).order_by(introduction.c.id)
        await self._connection.execute(statement.with_for_update())

    async def save(self, before: Introduction, after: Introduction) -> bool:
        """Store a change; return ``False`` and store nothing if another transaction was faster."""
        where = (introduction.c.id == before.id, introduction.c.version == before.version)
        values = _values(replace(after, version=before.version + 1))
        result = await self._connection.execute(update(introduction).where(*where).values(**values))
        return result.rowcount == 1

    async def drop(self, introduction_id: str) -> None:
        """Delete a draft."""
        where = (introduction.c.id == introduction_id, introduction.c.state == State.DRAFT)
        await self._connection.execute(delete(introduction).where(*where))

    async def of(self, person: str, side: Side | None = None) -> list[Introduction]:
        """All of a person, on either side or on one, the newest first."""
        columns = {Side.ASKER: [introduction.c.asker], Side.CONTACT: [introduction.c.contact_person]}
        either = [introduction.c.asker, introduction.c.contact_person]
        where = or_(*(column == person for column in (columns[side] if side else either)))
        return await self._all(where)

    async def due(self, limit: int = 100) -> list[str]:
        """Return the ids of introductions with an expired timer, the longest waiting first."""
        statement = select(introduction.c.id).where(introduction.c.due_at <= self._now)
        return list((await self._connection.execute(statement.order_by(introduction.c.due_at).limit(limit))).scalars())

    async def under_way(self) -> list[Introduction]:
        """Those that wait to learn what a network did: with the request, or with the room."""
        return await self._all(introduction.c.state.in_((State.SENT, State.OPENING)))

    async def unreachable(self) -> list[str]:
        """Ids of those whose contact was asked and cannot be reached any more: the request may have come back."""
        way = select(account.c.channel).where(account.c.person_id == introduction.c.contact_person, account.c.active)
        lost = select(introduction.c.id).where(introduction.c.state.in_(ASKED), ~way.exists())
        return list((await self._connection.execute(lost)).scalars())

    # ------------------------------------------------------------------------------------------ the contacts' allowance

    async def planned(self, contact: str, since: datetime) -> list[datetime]:
        """When a contact was or will be asked, from that moment on, in order."""
        where = (introduction_request.c.contact == contact, introduction_request.c.send_at > since)
        statement = select(introduction_request.c.send_at).where(*where).order_by(introduction_request.c.send_at)
        return list((await self._connection.execute(statement)).scalars())

    async def plan(self, record: Introduction, send_at: datetime) -> None:
        """This round's contact is asked then."""
        values = {"introduction_id": record.id, "round": record.round, "contact": record.contact, "send_at": send_at}
        statement = insert_into(self._connection, introduction_request).values(**values)
        await self._connection.execute(statement.on_conflict_do_nothing())

    async def give_back(self, introduction_id: str, number: int) -> None:
        """The contact of that round never got it."""
        where = (introduction_request.c.introduction_id == introduction_id, introduction_request.c.round == number)
        await self._connection.execute(delete(introduction_request).where(*where))

    async def lock_contact(self, contact: str) -> None:
        """Of two who plan a request to one contact, the second waits for the first; SQLite has one writer anyway."""
        if self._connection.dialect.name == "postgresql":
            await self._connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(contact, 5))))

    async def known(self, accounts: Collection[tuple[str, str]]) -> dict[tuple[str, str], KnownPerson]:
        """Return the person behind each of these accounts (channel, user id) that the bot knows."""
        found: dict[tuple[str, str], KnownPerson] = {}
        for channel in sorted({channel for channel, _ in accounts}):
            users = sorted(user for name, user in accounts if name == channel)
            for start in range(0, len(users), AT_ONCE):
                found |= await self._known_on(channel, users[start : start + AT_ONCE])
        return found

    async def _known_on(self, channel: str, users: Sequence[str]) -> dict[tuple[str, str], KnownPerson]:
        other = account.alias("other")
        away = or_(profiles.c.refuses, profiles.c.paused_until > self._now)
        written_to = and_(other.c.person_id == account.c.person_id, other.c.active, other.c.conversation != "")
        statement = (
            select(account.c.user_id, func.coalesce(away, false()).label("away"), other.c.channel)
            .outerjoin(profiles, profiles.c.person_id == account.c.person_id)
            .outerjoin(other, written_to)
            .where(account.c.channel == channel, account.c.user_id.in_(users))
        )
        found: dict[tuple[str, str], KnownPerson] = {}
        for row in await self._connection.execute(statement):
            before = found.get((channel, row.user_id))
            channels = before.channels if before else frozenset()
            channels |= {row.channel} if row.channel else frozenset()
            found[channel, row.user_id] = KnownPerson(channels, bool(row.away))
        return found

    async def hidden(self) -> frozenset[str]:
        """Return the ids of contacts that must not be asked: not told of their import, or silent for too long."""
        untold = select(contact_notice.c.contact_id).where(contact_notice.c.hidden_at.is_not(None))
        silent = select(contact_check.c.contact_id).where(contact_check.c.hidden_at.is_not(None))
        return frozenset((await self._connection.execute(untold.union(silent))).scalars())

    # ----------------------------------------------------------------------------------------------------------- counts

    async def count(self, event: str) -> None:
        """One more of that this month."""
        values = {"month": f"{self._now:%Y-%m}", "what": event, "times": 1}
        statement = insert_into(self._connection, introduction_count).values(**values)
        more = {"times": introduction_count.c.times + 1}
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["month", "what"], set_=more))

    async def counts(self) -> Mapping[tuple[str, str], int]:
        """(month, what) → how many."""
        return {(row.month, row.what): row.times for row in await self._connection.execute(select(introduction_count))}

    async def forget(self, older_than: timedelta) -> int:
        """Take the persons and the question out of what ended longer ago; delete drafts that nobody agreed to."""
        past = and_(introduction.c.state == State.CLOSED, introduction.c.ended_at < self._now - older_than)
        named = or_(introduction.c.asker.is_not(None), introduction.c.contact_person.is_not(None))
        nobody = {"asker": None, "contact_person": None, "question": ""}
        lapsed = (introduction.c.state == State.CLOSED, introduction.c.outcome == Outcome.LAPSED)
        touched = select(introduction.c.id).where(or_(and_(*lapsed), and_(past, named)))
        await self.hold(list((await self._connection.execute(touched)).scalars()))
        deleted = (await self._connection.execute(delete(introduction).where(*lapsed))).rowcount
        result = await self._connection.execute(update(introduction).where(past, named).values(**nobody))
        return deleted + result.rowcount

    async def _one(self, where: ColumnElement[bool]) -> Introduction | None:
        statement = select(introduction).where(where)
        if not is_reading(self._connection):
            statement = statement.with_for_update()
        row = (await self._connection.execute(statement)).first()
        return _introduction(row) if row else None

    async def _all(self, where: ColumnElement[bool]) -> list[Introduction]:
        statement = select(introduction).where(where).order_by(introduction.c.created_at.desc(), introduction.c.id)
        return [_introduction(row) for row in await self._connection.execute(statement)]


def _values(record: Introduction) -> dict[str, Any]:
    values = asdict(record)
    values |= {"asker": record.asker or None, "contact_person": record.contact_person or None}
    return values | {  # as JSON has it: lists
        name: [list(value) if isinstance(value, tuple) else value for value in values[name]]
        for name in ("asker_shares", "contact_shares", "tried", "answered")
    }


def _introduction(row: Row[Any]) -> Introduction:
    values = {name: getattr(row, name) for name in Introduction.__dataclass_fields__}
    return Introduction(
        **values
        | {
            "asker": row.asker or "",
            "contact_person": row.contact_person or "",
            "state": State(row.state),
            "outcome": Outcome(row.outcome) if row.outcome else None,
            "asker_shares": _shares(row.asker_shares),
            "contact_shares": _shares(row.contact_shares),
            "tried": tuple(row.tried),
            "answered": tuple(Side(side) for side in row.answered),
        }
    )


def _shares(pairs: Collection[Collection[str]]) -> Shares:
    return tuple((kind, value) for kind, value in pairs)
