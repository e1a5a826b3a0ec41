"""What answers showed, whether they helped, and which questions found nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import Integer, cast, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.tables import answer, chat_context, feedback, unanswered
from knowledge_base.store.upsert import insert_into

FOLDED_LENGTH = 500


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question that found nothing sure; nobody knows who asked it."""

    number: int
    text: str
    language: str
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class FeedbackCount:
    """How many people found answers useful, or not."""

    useful: int
    not_useful: int
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenAnswer:
    """What is kept of an answer: what it showed, not what was asked."""

    id: str  # of its message in the outbox
    channel: str
    event_id: str  # of the question
    sure: bool
    language: str
    shown: tuple[str, ...]
    unanswered: int | None = None


class Answers:
    """Answers given and their echo."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def add(self, given: GivenAnswer) -> None:
        """Note what an answer showed."""
        values = asdict(given) | {"shown": list(given.shown), "at": self._now}
        await self._connection.execute(insert(answer).values(**values))

    async def to(self, channel: str, event_id: str) -> str | None:
        """The id of the answer that a question got."""
        where = (answer.c.channel == channel, answer.c.event_id == event_id)
        return await self._connection.scalar(select(answer.c.id).where(*where))

    async def retract(self, channel: str, event_id: str) -> None:
        """The question was taken back: forget what was stored of it, what others asked alike excepted."""
        where = (answer.c.channel == channel, answer.c.event_id == event_id)
        gone = delete(answer).where(*where).returning(answer.c.id, answer.c.unanswered)
        found = (await self._connection.execute(gone)).first()
        if found is None:
            return
        await self._connection.execute(delete(chat_context).where(chat_context.c.answer_id == found.id))
        if found.unanswered is not None:
            alike = unanswered.c.number == found.unanswered
            await self._connection.execute(update(unanswered).where(alike).values(times=unanswered.c.times - 1))
            await self._connection.execute(delete(unanswered).where(alike, unanswered.c.times < 1))

    async def shown(self, answer_id: str) -> tuple[str, ...] | None:
        """The record ids that an answer showed; ``None`` when there is no such answer any more."""
        found = await self._connection.scalar(select(answer.c.shown).where(answer.c.id == answer_id))
        return None if found is None else tuple(found)

    async def rate(self, answer_id: str, person_id: str, useful: bool) -> None:
        """A person found an answer useful, or not; changing one's mind replaces it."""
        values = {"useful": useful, "at": self._now}
        statement = insert_into(self._connection, feedback).values(answer_id=answer_id, person_id=person_id, **values)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["answer_id", "person_id"], set_=values)
        )

    async def feedback(self, since: timedelta) -> FeedbackCount:
        """The echo of all answers in a period; showing it only from five people on is the caller's duty."""
        statement = select(
            func.coalesce(func.sum(cast(feedback.c.useful, Integer)), 0),
            func.count(),
            func.count(feedback.c.person_id.distinct()),
        ).where(feedback.c.at > self._now - since)
        useful, total, people = (await self._connection.execute(statement)).one()
        return FeedbackCount(useful, total - useful, people)

    async def not_answered(self, text: str, folded: str, language: str) -> int:
        """Count a question that found nothing sure; returns its number."""
        values = {"text": text, "folded": folded[:FOLDED_LENGTH], "language": language, "times": 1}
        statement = insert_into(self._connection, unanswered).values(**values, first_at=self._now, last_at=self._now)
        again = {"times": unanswered.c.times + 1, "last_at": self._now}
        statement = statement.on_conflict_do_update(index_elements=["folded"], set_=again)
        return int((await self._connection.execute(statement.returning(unanswered.c.number))).scalar_one())

    async def open_questions(self, limit: int = 20) -> list[OpenQuestion]:
        """Open questions, the most asked first."""
        statement = (
            select(unanswered)
            .where(unanswered.c.closed_at.is_(None))
            .order_by(unanswered.c.times.desc(), unanswered.c.last_at.desc())
            .limit(limit)
        )
        rows = await self._connection.execute(statement)
        return [OpenQuestion(r.number, r.text, r.language, r.times, r.last_at) for r in rows]

    async def close_question(self, number: int) -> bool:
        """An editor has dealt with an open question; ``False`` when there is none of that number."""
        where = (unanswered.c.number == number, unanswered.c.closed_at.is_(None))
        result = await self._connection.execute(update(unanswered).where(*where).values(closed_at=self._now))
        return result.rowcount == 1

    async def forget(self, *, answers: timedelta, questions: timedelta) -> int:
        """Delete answers (with their feedback) and unanswered questions past their period."""
        old = await self._connection.execute(delete(answer).where(answer.c.at < self._now - answers))
        asked = await self._connection.execute(delete(unanswered).where(unanswered.c.last_at < self._now - questions))
        return old.rowcount + asked.rowcount
