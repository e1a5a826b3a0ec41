"""Questions that were passed on: who may read them, who waits for them, and when they are deleted."""

from __future__ import annotations

from datetime import timedelta

from knowledge_base.store.answers import GivenAnswer
from knowledge_base.store.consents import ConsentAction, ConsentEntry
from knowledge_base.store.database import Store
from knowledge_base.store.open_questions import DRAFTS_LAST, QuestionAudience, purpose_of
from knowledge_base.store.people import Person
from knowledge_base.store.transaction import Transaction
from tests.conftest import FixedClock

PERIOD = timedelta(days=180)


async def somebody(tx: Transaction, user: str = "@anna:b.example") -> Person:
    return await tx.people.identify("matrix", user, private_conversation=f"room-of-{user}")


async def asked(tx: Transaction, person: Person, text: str = "Wer hat das?") -> int:
    """The user asked the question and sees the text that others would read."""
    number = await tx.answers.not_answered(text, text.casefold(), "de")
    assert await tx.open_questions.keep(number, person.id, text, "de", topics=("mobility",))
    return number


async def test_question_is_listed_only_after_its_asker_agreed(store: Store) -> None:
    async with store.begin() as tx:
        anna, ben = await somebody(tx), await somebody(tx, "@ben:b.example")
        number = await asked(tx, anna)
        assert await tx.open_questions.listed() == []
        assert await tx.open_questions.waiting(number) == {}
        assert not await tx.open_questions.pass_on(number, ben.id)
        assert await tx.open_questions.pass_on(number, anna.id)
        assert not await tx.open_questions.pass_on(number, anna.id)
        assert not await tx.open_questions.keep(number, anna.id, "Etwas anderes", "de")
        (question,) = await tx.open_questions.listed(number)
    assert (question.question, question.topics, question.askers) == (
        "Wer hat das?",
        ("mobility",),
        frozenset({anna.id}),
    )


async def test_two_users_who_ask_the_same_question_both_wait_for_an_answer(store: Store, clock: FixedClock) -> None:
    async with store.begin() as tx:
        anna, ben = await somebody(tx), await somebody(tx, "@ben:b.example")
        number = await asked(tx, anna)
        assert await asked(tx, ben) == number
        await tx.open_questions.pass_on(number, anna.id)
    clock.advance(minutes=1)
    async with store.begin() as tx:
        await tx.open_questions.pass_on(number, ben.id)
        await tx.open_questions.answered(number)
        (question,) = await tx.open_questions.listed()
        assert question.askers == frozenset({anna.id, ben.id})
        assert set(await tx.open_questions.waiting(number)) == {anna.id, ben.id}
        assert await tx.open_questions.answers() == {number: 1}
        await tx.profiles.merge(anna.id, ben.id)
        assert set(await tx.open_questions.waiting(number)) == {ben.id}


async def test_closed_question_is_hidden_until_a_user_passes_it_on_again(store: Store) -> None:
    async with store.begin() as tx:
        anna, ben = await somebody(tx), await somebody(tx, "@ben:b.example")
        number = await asked(tx, anna)
        await tx.open_questions.pass_on(number, anna.id)
        assert await tx.answers.close_question(number)
        assert await tx.open_questions.listed() == []
        await asked(tx, ben)
        await tx.open_questions.pass_on(number, ben.id)
        assert await tx.open_questions.listed()
        assert [answer.number for answer in await tx.answers.open_questions()] == [number]


async def test_question_for_editors_only_is_not_listed(store: Store) -> None:
    async with store.begin() as tx:
        anna = await somebody(tx)
        number = await tx.answers.not_answered("Wer?", "wer", "de")
        await tx.open_questions.keep(number, anna.id, "Wer?", "de", audience=QuestionAudience.EDITORS)
        assert await tx.open_questions.listed() == []
        assert await tx.open_questions.waiting(number) == {anna.id: "Wer?"}


async def test_retracting_the_message_withdraws_the_question(store: Store) -> None:
    async with store.begin() as tx:
        anna = await somebody(tx)
        number = await asked(tx, anna)
        given = GivenAnswer(
            id="a", channel="matrix", event_id="$q", sure=False, language="de", shown=(), unanswered=number
        )
        await tx.answers.add(given)
        assert await tx.open_questions.asked_in("a") == (number, "Wer hat das?", "de")
        await tx.open_questions.pass_on(number, anna.id)
        await tx.answers.retract("matrix", "$q")
        assert await tx.open_questions.listed() == []
        assert await tx.open_questions.own(number, anna.id) is None


async def test_questions_and_their_consents_are_deleted_after_their_time(store: Store, clock: FixedClock) -> None:
    async with store.begin() as tx:
        anna = await somebody(tx)
        number, draft = await asked(tx, anna), await asked(tx, anna, "Ein Entwurf?")
        await tx.open_questions.pass_on(number, anna.id)
        await tx.consents.add(ConsentEntry(subject=anna.id, purpose=purpose_of(number), what=ConsentAction.GIVEN))
    clock.advance(seconds=DRAFTS_LAST.total_seconds() + 1)
    async with store.begin() as tx:
        assert await tx.open_questions.forget(PERIOD) == 1
        assert await tx.open_questions.own(draft, anna.id) is None
        assert await tx.consents.holds(anna.id, purpose_of(number))
    clock.advance(days=180)
    async with store.begin() as tx:
        assert await tx.open_questions.forget(PERIOD) == 1
        assert not await tx.consents.holds(anna.id, purpose_of(number))
        assert await tx.open_questions.forget(PERIOD) == 0
