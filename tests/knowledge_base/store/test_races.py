"""Two concurrent transactions, on both databases: neither fails, and neither loses changes of the other."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from knowledge_base.errors import ChangedMeanwhileError
from knowledge_base.introductions.values import Introduction
from knowledge_base.store.answers import GivenAnswer
from knowledge_base.store.database import Store
from knowledge_base.store.people import Person
from knowledge_base.store.tables import person, subscription, unanswered
from knowledge_base.store.transaction import Transaction
from knowledge_base.store.transient import is_transient
from tests.crossing import Work, crossed

SECRET = b"s" * 32


async def anna(tx: Transaction) -> Person:
    return await tx.people.identify("telegram", "anna", private_conversation="1")


async def made(store: Store) -> Person:
    async with store.begin() as tx:
        return await anna(tx)


async def test_new_user_who_writes_in_two_chats_at_once_is_one_person(store: Store) -> None:
    result = await crossed(store, anna, lambda tx: tx.people.identify("telegram", "anna", private_conversation=None))
    assert len({one.id for one in result}) == 1
    async with store.read() as tx:
        assert await tx.connection.scalar(select(func.count()).select_from(person)) == 1
        assert (await tx.people.accounts(result[0].id))[0].conversation == "1"


async def test_new_user_who_writes_in_many_chats_at_once_is_one_person(store: Store) -> None:
    async def write(chat: int) -> str:
        async with store.begin() as tx:
            return (await tx.people.identify("telegram", "anna", private_conversation=f"{chat}")).id

    assert len(set(await asyncio.gather(*(write(chat) for chat in range(12))))) == 1
    async with store.read() as tx:
        assert await tx.connection.scalar(select(func.count()).select_from(person)) == 1


async def test_two_profile_fields_set_at_once_are_both_kept(store: Store) -> None:
    who = (await made(store)).id
    await crossed(
        store, lambda tx: tx.profiles.set(who, phone="0355 1"), lambda tx: tx.profiles.set(who, name="Klimaschutz")
    )
    async with store.read() as tx:
        profile = await tx.profiles.get(who)
    assert (profile.phone, profile.name) == ("0355 1", "Klimaschutz")


async def test_two_concurrent_subscriptions_of_one_person_become_one(store: Store) -> None:
    who = (await made(store)).id

    async def subscribe(tx: Transaction) -> str:
        subscription = await tx.subscriptions.of_person(who) or tx.subscriptions.fresh("telegram", person_id=who)
        return (await tx.subscriptions.save(replace(subscription, state="on"))).id

    assert len(set(await crossed(store, subscribe, subscribe))) == 1
    async with store.read() as tx:
        assert await tx.connection.scalar(select(func.count()).select_from(subscription)) == 1


async def test_rate_limit_holds_for_two_concurrent_requests(store: Store) -> None:
    async def once(tx: Transaction) -> bool:
        if await tx.tallies.count(SECRET, "codes", ["a@stadt.example"], within=timedelta(days=1)):
            return False
        await tx.tallies.add(SECRET, "codes", ["a@stadt.example"], lasting=timedelta(days=1))
        return True

    assert sorted(await crossed(store, once, once)) == [False, True]


async def test_two_transactions_that_extend_the_same_fact_lose_nothing(store: Store) -> None:
    def add(word: str) -> Work[None]:
        async def work(tx: Transaction) -> None:
            before = await tx.facts.hold("words") or []
            await tx.facts.put("words", [*before, word])

        return work

    await crossed(store, add("a"), add("b"))
    await crossed(store, add("c"), add("d"))
    async with store.read() as tx:
        assert await tx.facts.get("words") == ["a", "b", "c", "d"]


async def test_question_retracted_twice_at_once_is_subtracted_once(store: Store) -> None:
    async with store.begin() as tx:
        numbers = {await tx.answers.not_answered("Wo?", "wo", "de") for _ in range(3)}
        given = GivenAnswer(
            id="a", channel="test", event_id="$q", sure=False, language="de", shown=(), unanswered=min(numbers)
        )
        await tx.answers.add(given)
    await crossed(store, lambda tx: tx.answers.retract("test", "$q"), lambda tx: tx.answers.retract("test", "$q"))
    async with store.read() as tx:
        assert await tx.connection.scalar(select(unanswered.c.times)) == 2


async def test_contact_informed_in_the_meantime_is_neither_hidden_nor_warned_about(store: Store) -> None:
    async with store.begin() as tx:
        await tx.contacts.seen(["c1", "c2"])
        await tx.contacts.note_informed(["c1"])
        assert await tx.contacts.hide(["c1", "c2"]) == ["c2"]
        assert await tx.contacts.warned(["c1", "c2"]) == ["c2"]
    async with store.begin() as tx:
        assert await tx.contacts.warned(["c1", "c2"]) == []
        assert (await tx.contacts.duties())["c1"].hidden_at is None


async def test_work_for_a_person_merged_in_the_meantime_fails_and_can_be_retried(store: Store) -> None:
    old = await made(store)
    async with store.begin() as tx:
        new = await tx.people.identify("matrix", "@anna:stadt.example", private_conversation="!a")
        await tx.profiles.merge(old.id, new.id)
    with pytest.raises(ChangedMeanwhileError) as held:
        async with store.begin() as tx:
            await tx.people.hold(old.id)
    with pytest.raises(DBAPIError) as referred:
        async with store.begin() as tx:
            await tx.people.remember(("telegram", "1", "", old.id), None, None, ())
    assert is_transient(held.value)
    assert is_transient(referred.value)
    assert (await made(store)).id == new.id


async def test_a_merge_waits_for_work_that_refers_to_the_person(store: Store) -> None:
    old = await made(store)
    async with store.begin() as tx:
        new = await tx.people.identify("matrix", "@anna:stadt.example", private_conversation="!a")
    await crossed(
        store,
        lambda tx: tx.people.remember(("telegram", "1", "", old.id), {"text": "Wo?"}, None, ()),
        lambda tx: tx.profiles.merge(old.id, new.id),
    )
    async with store.read() as tx:
        assert await tx.people.context(("telegram", "1", "", new.id), younger_than=timedelta(hours=1)) is not None


async def test_two_opposite_merges_do_not_deadlock(store: Store) -> None:
    one = await made(store)
    async with store.begin() as tx:
        other = await tx.people.identify("matrix", "@anna:stadt.example", private_conversation="!a")

    async def merge(old: str, new: str) -> str:
        try:
            async with store.begin() as tx:
                await tx.profiles.merge(old, new)
        except ChangedMeanwhileError:
            return "gone"
        return "merged"

    assert sorted(await asyncio.gather(merge(one.id, other.id), merge(other.id, one.id))) == ["gone", "merged"]


async def test_transactions_that_lock_several_introductions_do_not_deadlock(store: Store) -> None:
    who = (await made(store)).id
    ids = ["b", "a", "c"]
    async with store.begin() as tx:
        for one in ids:
            await tx.introductions.add(
                Introduction(
                    id=one, code=one.upper(), asker=who, contact="c1", contact_person="", project="p", question="",
                    created_at=tx.now, due_at=None,
                )
            )  # fmt: skip

    async def hold(order: list[str]) -> None:
        async with store.begin() as tx:
            await tx.introductions.hold(order)

    await asyncio.gather(*(hold(order) for order in [ids, ids[::-1]] * 10))
