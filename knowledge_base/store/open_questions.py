"""Unanswered questions that their askers agreed to pass on: the public part, and the people who wait for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.consents import ConsentAction, ConsentEntry, Consents
from knowledge_base.store.tables import answer, consent, open_question, outbox, unanswered
from knowledge_base.store.upsert import insert_into

DRAFTS_LAST = timedelta(days=1)
GRACE = timedelta(days=1)  # beyond their period, in which askers are told of the end; deleted at the latest then
PURPOSE = "question:"  # of a consent, before the number
ANSWERED = "question answered:"  # prefix of a notice's key, before the id of the reply to the author of the answer


class QuestionAudience(StrEnum):
    """The readers of a question."""

    DRAFT = "draft"  # not public yet: its asker is looking at it
    EDITORS = "editors"
    ALL = "all"  # editors, and subscribers in their digests


@dataclass(frozen=True, slots=True)
class Asked:
    """An open question as others read it; ``askers`` are the persons who wait for an answer, never to be shown."""

    number: int
    question: str
    language: str
    topics: tuple[str, ...]
    askers: frozenset[str]
    at: datetime


def purpose_of(number: int) -> str:
    """Return the purpose of the consent to pass a question on."""
    return f"{PURPOSE}{number}"


class OpenQuestions:
    """The rows (question, person)."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def asked_in(self, answer_id: str) -> tuple[int, str, str] | None:
        """Return number, text and language of the question that an answer had nothing sure for."""
        same = answer.c.unanswered == unanswered.c.number
        statement = select(unanswered.c.number, unanswered.c.text, unanswered.c.language).join(answer, same)
        row = (await self._connection.execute(statement.where(answer.c.id == answer_id))).first()
        return (row.number, row.text, row.language) if row else None

    async def keep(
        self, number: int, person_id: str, question: str, language: str, *, topics: Sequence[str] = (),
        audience: QuestionAudience = QuestionAudience.DRAFT,
    ) -> bool:  # fmt: skip
        """Store that a person asked this; return ``False``, without a change, when they passed it on already."""
        values: dict[str, Any] = {
            "question": question, "language": language, "topics": list(topics), "audience": audience, "at": self._now,
        }  # fmt: skip
        statement = insert_into(self._connection, open_question).values(
            number=number, person_id=person_id, answers=0, **values
        )
        statement = statement.on_conflict_do_update(
            index_elements=["number", "person_id"],
            set_=values,
            where=open_question.c.audience == QuestionAudience.DRAFT,
        ).returning(open_question.c.number)
        kept = await self._connection.scalar(statement) is not None
        if kept and audience is not QuestionAudience.DRAFT:
            await self._reopen(number)
        return kept

    async def pass_on(self, number: int, person_id: str) -> bool:
        """Show a draft to all users; return ``False`` when this person has no draft of that number."""
        values = {"audience": QuestionAudience.ALL, "at": self._now}
        where = (*_of(number, person_id), open_question.c.audience == QuestionAudience.DRAFT)
        done = (await self._connection.execute(update(open_question).where(*where).values(**values))).rowcount == 1
        if done:
            await self._reopen(number)
        return done

    async def own(self, number: int, person_id: str) -> tuple[str, tuple[str, ...]] | None:
        """Return text and topics of the person's own question, a draft included."""
        columns = (open_question.c.question, open_question.c.topics)
        row = (await self._connection.execute(select(*columns).where(*_of(number, person_id)))).first()
        return (row.question, tuple(row.topics)) if row else None

    async def listed(self, *numbers: int, limit: int = 200) -> list[Asked]:
        """Return the questions that all users may read (of these numbers), the newest first."""
        where = [open_question.c.audience == QuestionAudience.ALL, unanswered.c.closed_at.is_(None)]
        where += [open_question.c.number.in_(numbers)] if numbers else []
        statement = (
            select(open_question)
            .join(unanswered, unanswered.c.number == open_question.c.number)
            .where(*where)
            .order_by(open_question.c.number.desc(), open_question.c.at)
            .limit(limit)
        )
        rows = (await self._connection.execute(statement)).all()
        return [_asked(list(group)) for _, group in groupby(rows, key=lambda row: row.number)]

    async def waiting(self, number: int) -> dict[str, str]:
        """Return the persons who wait for an answer, each with their wording of the question."""
        where = (open_question.c.number == number, open_question.c.audience != QuestionAudience.DRAFT)
        rows = await self._connection.execute(select(open_question.c.person_id, open_question.c.question).where(*where))
        return {row.person_id: row.question for row in rows}

    async def name_topics(self, number: int, topics: Sequence[str]) -> bool:
        """Set the topics of a question, for a person who knows; return ``False`` when it is not public."""
        where = (open_question.c.number == number, open_question.c.audience == QuestionAudience.ALL)
        statement = update(open_question).where(*where).values(topics=list(topics))
        return (await self._connection.execute(statement)).rowcount > 0

    async def without_topics(self) -> frozenset[int]:
        """Return the public questions without topics."""
        return frozenset(asked.number for asked in await self.listed() if not asked.topics)

    async def who_answered(self, reply_id: str, asker: str) -> str | None:
        """Return the author of the answer that an asker got; ``None`` when there is none or it is too old."""
        notice = select(outbox.c.id).where(outbox.c.key == f"{ANSWERED}{reply_id}:{asker}")
        statement = select(outbox.c.person_id).where(outbox.c.id == reply_id, notice.exists())
        author: str | None = await self._connection.scalar(statement)
        return author

    async def outlasting(self, period: timedelta, limit: int = 100) -> list[tuple[int, str, str]]:
        """Return number, person and text of questions passed on that wait longer, the oldest first."""
        where = (open_question.c.audience != QuestionAudience.DRAFT, open_question.c.at < self._now - period)
        columns = (open_question.c.number, open_question.c.person_id, open_question.c.question)
        statement = select(*columns).where(*where).order_by(open_question.c.at).limit(limit)
        return [(row.number, row.person_id, row.question) for row in await self._connection.execute(statement)]

    async def answered(self, number: int) -> None:
        """Count an answer."""
        where = open_question.c.number == number
        await self._connection.execute(update(open_question).where(where).values(answers=open_question.c.answers + 1))

    async def answers(self) -> dict[int, int]:
        """Return the number of answers of each question that was passed on."""
        most = func.max(open_question.c.answers).label("answers")
        statement = select(open_question.c.number, most).where(open_question.c.audience != QuestionAudience.DRAFT)
        rows = await self._connection.execute(statement.group_by(open_question.c.number))
        return {row.number: row.answers for row in rows}

    async def waits(self, number: int, person_id: str) -> bool:
        """Return whether a person passed this question on, and it is still open."""
        passed_on = open_question.c.audience != QuestionAudience.DRAFT
        statement = select(open_question.c.number).where(*_of(number, person_id), passed_on)
        return await self._connection.scalar(statement) is not None

    async def drop(self, number: int, person_id: str, why: ConsentAction) -> bool:
        """End the waiting of a person, and their consent; return ``False`` when they did not wait."""
        result = await self._connection.execute(delete(open_question).where(*_of(number, person_id)))
        await self._end(person_id, purpose_of(number), why)
        return result.rowcount == 1

    async def forget(self, older_than: timedelta) -> int:
        """Delete questions that wait a day longer than that, and drafts without consent.

        End consents without a question. In that day the waiting people are told (``outlasting``, ``drop``).
        """
        draft = (open_question.c.audience == QuestionAudience.DRAFT) & (open_question.c.at < self._now - DRAFTS_LAST)
        old = open_question.c.at < self._now - older_than - GRACE
        count = (await self._connection.execute(delete(open_question).where(draft | old))).rowcount
        given = select(consent.c.subject, consent.c.purpose).where(consent.c.purpose.like(f"{PURPOSE}%")).distinct()
        agreed = (await self._connection.execute(given)).all()  # first: later consents stay
        rows = (await self._connection.execute(select(open_question.c.person_id, open_question.c.number))).all()
        there = {(row.person_id, purpose_of(row.number)) for row in rows}
        for subject, purpose in agreed:
            if (subject, purpose) not in there:
                await self._end(subject, purpose, ConsentAction.ENDED)
        return count

    async def _end(self, person_id: str, purpose: str, why: ConsentAction) -> None:
        ledger = Consents(self._connection, self._now)
        if await ledger.holds(person_id, purpose):
            await ledger.add(ConsentEntry(subject=person_id, purpose=purpose, what=why))

    async def _reopen(self, number: int) -> None:
        values = {"closed_at": None, "last_at": self._now}
        await self._connection.execute(update(unanswered).where(unanswered.c.number == number).values(**values))


def _of(number: int, person_id: str) -> tuple[Any, ...]:
    return open_question.c.number == number, open_question.c.person_id == person_id


def _asked(rows: Sequence[Any]) -> Asked:
    """Return the question in the words of the first person who passed it on."""
    first = rows[0]
    askers = frozenset(row.person_id for row in rows)
    return Asked(first.number, first.question, first.language, tuple(first.topics), askers, first.at)
