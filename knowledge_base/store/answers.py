"""Answers with their hits and feedback, and questions that found nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, cast, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import answer, chat_context, feedback, unanswered
from knowledge_base.store.upsert import insert_into

FOLDED_LENGTH = 500


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that found nothing sure; its asker is not stored."""

    number: int
    text: str
    language: str
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class FeedbackCount:
    """The numbers of people who found answers useful, or not."""

    useful: int
    not_useful: int
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """The record of an answer: its hits, not its question."""

    id: str  # of its message in the outbox
    channel: str
    event_id: str  # of the question
    sure: bool
    language: str
    shown: tuple[str, ...]  # by number: those of earlier pages of the same list, too
    unanswered: int | None = None


class Answers:
    """Answers and the feedback to them."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, given: GivenAnswer) -> None:
        """Store the hits of an answer; they replace those of another message with the same id."""
        await self.retract(given.channel, given.event_id)  # else the message waits for minutes, and its chat with it
        values = asdict(given) | {"shown": list(given.shown), "at": self._now}
        await self._connection.execute(insert(answer).values(**values))

    async def to(self, channel: str, event_id: str) -> str | None:
        """Return the id of the answer to a question."""
        where = (answer.c.channel == channel, answer.c.event_id == event_id)
        return await self._connection.scalar(select(answer.c.id).where(*where))

    async def answered(self, channel: str, event_ids: Collection[str]) -> set[str]:
        """Return which of these events are questions with an answer."""
        where = (answer.c.channel == channel, answer.c.event_id.in_(event_ids))
        return set((await self._connection.scalars(select(answer.c.event_id).where(*where))).all())

    async def retract(self, channel: str, event_id: str) -> tuple[str, str] | None:
        """Forget what was stored of a retracted question, except the same question of other users.

        Return the id of its answer, and the language of it; ``None``: the question had none.
        """
        where = (answer.c.channel == channel, answer.c.event_id == event_id)
        gone = delete(answer).where(*where).returning(answer.c.id, answer.c.unanswered, answer.c.language)
        given = (await self._connection.execute(gone)).first()
        if given is None:
            return None
        await self._connection.execute(delete(chat_context).where(chat_context.c.answer_id == given.id))
        if given.unanswered is not None:
            alike = unanswered.c.number == given.unanswered
            await self._connection.execute(update(unanswered).where(alike).values(times=unanswered.c.times - 1))
            await self._connection.execute(delete(unanswered).where(alike, unanswered.c.times < 1))
        return str(given.id), str(given.language)

    async def shown(self, answer_id: str) -> tuple[str, ...] | None:
        """Return the record ids that an answer showed; ``None`` when there is no such answer any more."""
        record_ids = await self._connection.scalar(select(answer.c.shown).where(answer.c.id == answer_id))
        return None if record_ids is None else tuple(record_ids)

    async def rate(self, answer_id: str, person_id: str, useful: bool) -> None:
        """Store whether a person found an answer useful; a second rating replaces the first."""
        values = {"useful": useful, "at": self._now}
        statement = insert_into(self._connection, feedback).values(answer_id=answer_id, person_id=person_id, **values)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["answer_id", "person_id"], set_=values)
        )

    async def feedback(self, since: timedelta) -> FeedbackCount:
        """Return the feedback to all answers of a period; the caller must not show it below five people."""
        statement = select(
            func.coalesce(func.sum(cast(feedback.c.useful, Integer)), 0),
            func.count(),
            func.count(feedback.c.person_id.distinct()),
        ).where(feedback.c.at > self._now - since)
        useful, total, people = (await self._connection.execute(statement)).one()
        return FeedbackCount(useful, total - useful, people)

    async def not_answered(self, text: str, folded: str, language: str) -> int:
        """Count a question that found nothing sure; return its number."""
        values = {"text": text, "folded": folded[:FOLDED_LENGTH], "language": language, "times": 1}
        statement = insert_into(self._connection, unanswered).values(**values, first_at=self._now, last_at=self._now)
        again = {"times": unanswered.c.times + 1, "last_at": self._now}
        statement = statement.on_conflict_do_update(index_elements=["folded"], set_=again)
        return int((await self._connection.execute(statement.returning(unanswered.c.number))).scalar_one())

    async def reopen(self, answer_id: str, number: int) -> None:
        """Note that an answer did not help after all: the question is deleted with its answer."""
        statement = update(answer).where(answer.c.id == answer_id).values(unanswered=number)
        await self._connection.execute(statement)

    async def open_questions(self, limit: int = 20) -> list[OpenQuestion]:
        """Return open questions, the most asked first."""
        statement = (
            select(unanswered)
            .where(unanswered.c.closed_at.is_(None))
            .order_by(unanswered.c.times.desc(), unanswered.c.last_at.desc())
            .limit(limit)
        )
        rows = await self._connection.execute(statement)
        return [OpenQuestion(r.number, r.text, r.language, r.times, r.last_at) for r in rows]

    async def close_question(self, number: int) -> bool:
        """Close an open question for an editor; return ``False`` when there is no such number."""
        where = (unanswered.c.number == number, unanswered.c.closed_at.is_(None))
        result = await self._connection.execute(update(unanswered).where(*where).values(closed_at=self._now))
        return result.rowcount == 1

    async def forget(self, *, answers: timedelta, questions: timedelta) -> int:
        """Delete answers (with their feedback) and unanswered questions past their period."""
        old = await self._connection.execute(delete(answer).where(answer.c.at < self._now - answers))
        asked = await self._connection.execute(delete(unanswered).where(unanswered.c.last_at < self._now - questions))
        return old.rowcount + asked.rowcount
