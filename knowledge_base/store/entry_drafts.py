"""Drafts of entries that editors make of open questions, and the answers that they may use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.store.consents import ConsentAction, ConsentEntry, Consents
from knowledge_base.store.tables import consent, offered_answer, unanswered

ASKED_LAST = timedelta(days=1)  # period of answers without a yes from their author
PURPOSE = "answer:"  # of a consent, before the id

Draft = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Offered:
    """An answer that editors may use; its author is stored for notices and is never shown."""

    id: str
    question: int
    person_id: str
    text: str


def purpose_of(answer_id: str) -> str:
    """Return the purpose of the consent to let editors use an answer."""
    return f"{PURPOSE}{answer_id}"


class EntryDrafts:
    """Drafts of entries. A draft names the answer that gave its text; taking back the answer deletes the draft."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    # --- the editors' draft -------------------------------------------------------------------------------------------

    async def question(self, number: int) -> tuple[str, str] | None:
        """Return text and language of an open question; ``None`` when there is no such number."""
        where = (unanswered.c.number == number, unanswered.c.closed_at.is_(None))
        row = (await self._connection.execute(select(unanswered.c.text, unanswered.c.language).where(*where))).first()
        return (row.text, row.language) if row else None

    async def get(self, number: int) -> Draft:
        """Return the draft."""
        draft = await self._connection.scalar(select(unanswered.c.draft).where(unanswered.c.number == number))
        return dict(draft or {})

    async def put(self, number: int, draft: Draft) -> None:
        """Store the draft; an empty one is deleted."""
        values = {"draft": draft or None}
        await self._connection.execute(update(unanswered).where(unanswered.c.number == number).values(**values))

    # --- the answers --------------------------------------------------------------------------------------------------

    async def ask(self, answer_id: str, number: int, person_id: str, text: str) -> None:
        """Keep an answer while its author is asked whether editors may read it."""
        values = {"id": answer_id, "question": number, "person_id": person_id, "text": text}
        await self._connection.execute(insert(offered_answer).values(**values, agreed=False, at=self._now))

    async def agree(self, answer_id: str, person_id: str) -> Offered | None:
        """Note the author's consent and return the answer; ``None`` when they have no such answer (any more)."""
        where = (offered_answer.c.id == answer_id, offered_answer.c.person_id == person_id)
        statement = update(offered_answer).where(*where, offered_answer.c.agreed.is_(False))
        statement = statement.values(agreed=True, at=self._now)
        if (await self._connection.execute(statement)).rowcount != 1:
            return None
        return await self.answer(answer_id)

    async def answer(self, answer_id: str) -> Offered | None:
        """Return an answer that editors may use."""
        where = (offered_answer.c.id == answer_id, offered_answer.c.agreed.is_(True))
        row = (await self._connection.execute(select(offered_answer).where(*where))).first()
        return Offered(row.id, row.question, row.person_id, row.text) if row else None

    async def answers(self, number: int) -> list[Offered]:
        """Return the answers to a question that editors may use, the oldest first."""
        where = (offered_answer.c.question == number, offered_answer.c.agreed.is_(True))
        rows = await self._connection.execute(
            select(offered_answer).where(*where).order_by(offered_answer.c.at, offered_answer.c.id)
        )
        return [Offered(row.id, row.question, row.person_id, row.text) for row in rows]

    async def counts(self) -> dict[int, int]:
        """Return the number of usable answers of each question."""
        statement = select(offered_answer.c.question, func.count()).where(offered_answer.c.agreed.is_(True))
        return {row[0]: row[1] for row in await self._connection.execute(statement.group_by(offered_answer.c.question))}

    async def is_offered(self, answer_id: str, person_id: str) -> bool:
        """Return whether editors can still use this answer of a person."""
        where = (offered_answer.c.id == answer_id, offered_answer.c.person_id == person_id)
        return await self._connection.scalar(select(offered_answer.c.id).where(*where)) is not None

    async def take_back(self, answer_id: str, person_id: str) -> bool:
        """Take an answer back from editors and end the consent; return ``False`` when it was not offered."""
        where = (offered_answer.c.id == answer_id, offered_answer.c.person_id == person_id)
        gone = (await self._connection.execute(delete(offered_answer).where(*where))).rowcount == 1
        await self._end(person_id, answer_id, ConsentAction.WITHDRAWN)
        return gone

    # --- the end ------------------------------------------------------------------------------------------------------

    async def close(self, number: int) -> None:
        """Delete draft and answers of a question that an editor has closed."""
        for answer in await self.answers(number):
            await self._end(answer.person_id, answer.id, ConsentAction.ENDED)
        await self._connection.execute(delete(offered_answer).where(offered_answer.c.question == number))
        await self.put(number, {})

    async def forget(self) -> int:
        """Delete answers without consent in time; end consents without an answer."""
        old = (offered_answer.c.agreed.is_(False), offered_answer.c.at < self._now - ASKED_LAST)
        count = (await self._connection.execute(delete(offered_answer).where(*old))).rowcount
        given = select(consent.c.subject, consent.c.purpose).where(consent.c.purpose.like(f"{PURPOSE}%")).distinct()
        rows = (await self._connection.execute(given)).all()  # first: later consents stay
        there = set((await self._connection.execute(select(offered_answer.c.id))).scalars())
        for subject, purpose in rows:
            if purpose.removeprefix(PURPOSE) not in there:
                await self._end(subject, purpose.removeprefix(PURPOSE), ConsentAction.ENDED)
        return count

    async def _end(self, person_id: str, answer_id: str, why: ConsentAction) -> None:
        ledger = Consents(self._connection, self._now)
        if await ledger.holds(person_id, purpose_of(answer_id)):
            await ledger.add(ConsentEntry(subject=person_id, purpose=purpose_of(answer_id), what=why))
