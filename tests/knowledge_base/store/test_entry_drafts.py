"""Drafts of entries and the answers that editors may use: who may read them, and when they are deleted."""

from __future__ import annotations

from datetime import timedelta

from knowledge_base.store.consents import ConsentAction, ConsentEntry
from knowledge_base.store.database import Store
from knowledge_base.store.entry_drafts import ASKED_LAST, purpose_of
from knowledge_base.store.people import Person
from knowledge_base.store.transaction import Transaction
from tests.conftest import FixedClock

ID, OTHER = "a" * 32, "b" * 32


async def somebody(tx: Transaction, user: str) -> Person:
    return await tx.people.identify("matrix", user, private_conversation=f"room-of-{user}")


async def offered(tx: Transaction, person: Person, answer_id: str = ID, text: str = "So ging es.") -> int:
    """Store an answer to which its author agreed; return the number of its question."""
    number = await tx.answers.not_answered("Wer hat das?", "wer hat das", "de")
    await tx.entry_drafts.ask(answer_id, number, person.id, text)
    assert await tx.entry_drafts.agree(answer_id, person.id)
    await tx.consents.add(ConsentEntry(subject=person.id, purpose=purpose_of(answer_id), what=ConsentAction.GIVEN))
    return number


async def test_answer_is_hidden_from_editors_until_its_author_agrees(store: Store) -> None:
    async with store.begin() as tx:
        ben, eve = await somebody(tx, "@ben:b.example"), await somebody(tx, "@eve:b.example")
        number = await tx.answers.not_answered("Wer hat das?", "wer hat das", "de")
        await tx.entry_drafts.ask(ID, number, ben.id, "So ging es.")
        assert await tx.entry_drafts.answers(number) == []
        assert await tx.entry_drafts.answer(ID) is None
        assert await tx.entry_drafts.counts() == {}
        assert await tx.entry_drafts.agree(ID, eve.id) is None
        agreed = await tx.entry_drafts.agree(ID, ben.id)
        assert await tx.entry_drafts.agree(ID, ben.id) is None
        assert agreed is not None
        assert (agreed.question, agreed.text) == (number, "So ging es.")
        assert await tx.entry_drafts.answers(number) == [agreed]
        assert await tx.entry_drafts.counts() == {number: 1}


async def test_only_its_author_can_withdraw_an_answer(store: Store) -> None:
    async with store.begin() as tx:
        ben, eve = await somebody(tx, "@ben:b.example"), await somebody(tx, "@eve:b.example")
        number = await offered(tx, ben)
        assert not await tx.entry_drafts.take_back(ID, eve.id)
        assert await tx.entry_drafts.take_back(ID, ben.id)
        assert not await tx.entry_drafts.take_back(ID, ben.id)
        assert await tx.entry_drafts.answers(number) == []
        assert not await tx.consents.holds(ben.id, purpose_of(ID))


async def test_draft_is_kept_until_its_question_is_closed(store: Store, clock: FixedClock) -> None:
    async with store.begin() as tx:
        ben = await somebody(tx, "@ben:b.example")
        number = await offered(tx, ben)
        await offered(tx, ben, OTHER, "Und so.")
        assert await tx.entry_drafts.question(number) == ("Wer hat das?", "de")
        assert await tx.entry_drafts.get(number) == {}
        await tx.entry_drafts.put(number, {"title": "Zisternen", "answer": ID})
    async with store.begin() as tx:
        assert await tx.entry_drafts.get(number) == {"title": "Zisternen", "answer": ID}
        assert [answer.text for answer in await tx.entry_drafts.answers(number)] == ["So ging es.", "Und so."]
        await tx.entry_drafts.close(number)
        await tx.answers.close_question(number)
        assert await tx.entry_drafts.get(number) == {}
        assert await tx.entry_drafts.answers(number) == []
        assert not await tx.consents.holds(ben.id, purpose_of(OTHER))
        assert await tx.entry_drafts.question(number) is None
        assert await tx.entry_drafts.question(99) is None


async def test_answers_and_their_consents_are_deleted_after_their_time(store: Store, clock: FixedClock) -> None:
    async with store.begin() as tx:
        ben = await somebody(tx, "@ben:b.example")
        number = await offered(tx, ben)
        await tx.entry_drafts.ask(OTHER, number, ben.id, "Nie bestätigt.")
    clock.advance(seconds=ASKED_LAST.total_seconds() + 1)
    async with store.begin() as tx:
        assert await tx.entry_drafts.forget() == 1
        assert await tx.entry_drafts.agree(OTHER, ben.id) is None
        assert await tx.consents.holds(ben.id, purpose_of(ID))
    clock.advance(days=200)
    async with store.begin() as tx:
        await tx.answers.forget(answers=timedelta(days=1), questions=timedelta(days=180))
        assert await tx.entry_drafts.answer(ID) is None
        await tx.entry_drafts.forget()
        assert not await tx.consents.holds(ben.id, purpose_of(ID))


async def test_erasing_a_user_deletes_their_answers(store: Store) -> None:
    async with store.begin() as tx:
        ben = await somebody(tx, "@ben:b.example")
        number = await offered(tx, ben)
        await tx.profiles.erase(ben.id)
        assert await tx.entry_drafts.answers(number) == []
