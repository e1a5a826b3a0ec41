"""Introductions as rows, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from knowledge_base.introductions.values import Introduction, KnownPerson, Outcome, Side, State
from knowledge_base.store.database import Store
from knowledge_base.store.people import Person
from tests.conftest import FixedClock


async def people(store: Store, *names: str) -> list[Person]:
    async with store.begin() as tx:
        return [await tx.people.identify("matrix", name, private_conversation=name) for name in names]


def draft(store: Store, asker: Person, **changes: object) -> Introduction:
    values: dict[str, object] = {
        "id": "i1", "code": "K7P2M", "asker": asker.id, "contact": "c1", "contact_person": "", "project": "p1",
        "question": "Wie?", "created_at": store.now(), "due_at": store.now() + timedelta(hours=1),
    }  # fmt: skip
    return Introduction(**(values | changes))  # type: ignore[arg-type]


async def test_stored_introduction_is_read_back_unchanged(store: Store) -> None:
    anna, rad = await people(store, "anna", "rad")
    one = draft(
        store, anna, contact_person=rad.id, asker_shares=(("email", "a@b.example"),), tried=("c0",),
        answered=(Side.ASKER,), state=State.FOLLOWED, outcome=Outcome.ARRANGED, ended_at=store.now(),
    )  # fmt: skip
    async with store.begin() as tx:
        await tx.introductions.add(one)
    async with store.read() as tx:
        assert await tx.introductions.get("i1") == one
        assert await tx.introductions.by_code("k7p2m") == one
        assert await tx.introductions.of(anna.id, Side.ASKER) == [one]
        assert await tx.introductions.of(anna.id, Side.CONTACT) == []
        assert await tx.introductions.of(rad.id) == [one]
        assert not await tx.introductions.is_free("K7P2M")


async def test_only_one_of_two_changes_to_the_same_version_is_saved(store: Store) -> None:
    (anna,) = await people(store, "anna")
    one = draft(store, anna)
    async with store.begin() as tx:
        await tx.introductions.add(one)

    async def change(question: str) -> bool:
        async with store.begin() as tx:
            return await tx.introductions.save(one, replace(one, question=question))

    assert sorted(await asyncio.gather(change("a"), change("b"))) == [False, True]
    async with store.read() as tx:
        now = await tx.introductions.get("i1")
    assert now is not None
    assert now.version == 1


async def test_erased_asker_is_removed_from_introductions(store: Store) -> None:
    (anna,) = await people(store, "anna")
    async with store.begin() as tx:
        await tx.introductions.add(draft(store, anna))
        await tx.profiles.erase(anna.id)
    async with store.read() as tx:
        introduction = await tx.introductions.get("i1")
    assert introduction is not None
    assert introduction.asker == ""


async def test_introduction_is_due_when_its_time_has_come(store: Store, clock: FixedClock) -> None:
    (anna,) = await people(store, "anna")
    async with store.begin() as tx:
        await tx.introductions.add(draft(store, anna))
        await tx.introductions.add(draft(store, anna, id="i2", code="AAAAA", due_at=None, state=State.CLOSED))
    async with store.read() as tx:
        assert await tx.introductions.due() == []
    clock.advance(hours=1)
    async with store.read() as tx:
        assert await tx.introductions.due() == ["i1"]


async def test_contact_turns_are_planned_once_per_round_and_can_be_given_back(store: Store) -> None:
    (anna,) = await people(store, "anna")
    one = draft(store, anna)
    later = store.now() + timedelta(days=7)
    async with store.begin() as tx:
        await tx.introductions.add(one)
        await tx.introductions.lock_contact("c1")
        await tx.introductions.plan(one, store.now())
        await tx.introductions.plan(one, later)  # the same round again: nothing
        await tx.introductions.plan(replace(one, round=2), later)
        assert await tx.introductions.planned("c1", store.now() - timedelta(days=1)) == [store.now(), later]
        await tx.introductions.give_back("i1", 1)
        assert await tx.introductions.planned("c1", store.now() - timedelta(days=1)) == [later]


async def test_paused_refusing_unreachable_and_hidden_contacts_are_not_asked(store: Store, clock: FixedClock) -> None:
    paused, refusing, gone, there = await people(store, "paused", "refusing", "gone", "there")
    async with store.begin() as tx:
        await tx.profiles.set(paused.id, paused_until=store.now() + timedelta(days=1))
        await tx.profiles.set(refusing.id, refuses=True)
        await tx.people.switch_off(gone.id, "matrix")
        await tx.people.link(there.id, "email", "there@stadt.example", "there@stadt.example")
        await tx.people.switch_off(there.id, "email")  # but on Matrix they can be reached
        await tx.contacts.seen(["c1"])
        await tx.contacts.hide(["c1"])
    names = ("paused", "refusing", "gone", "there", "stranger")
    accounts = {*(("matrix", name) for name in names), ("email", "there@stadt.example")}
    matrix = frozenset({"matrix"})
    async with store.read() as tx:
        known = await tx.introductions.known(accounts)
        assert await tx.introductions.hidden() == {"c1"}
        assert await tx.introductions.known([]) == {}
    assert known == {
        ("matrix", "paused"): KnownPerson(matrix, away=True),
        ("matrix", "refusing"): KnownPerson(matrix, away=True),
        ("matrix", "gone"): KnownPerson(frozenset()),
        ("matrix", "there"): KnownPerson(matrix),
        ("email", "there@stadt.example"): KnownPerson(matrix),
    }
    clock.advance(days=2)
    async with store.read() as tx:
        known = await tx.introductions.known([("matrix", "paused"), ("matrix", "refusing")])
    assert [known["matrix", name].away for name in ("paused", "refusing")] == [False, True]


async def test_old_introductions_are_deleted_or_anonymised_and_stay_counted(store: Store, clock: FixedClock) -> None:
    (anna,) = await people(store, "anna")
    closed = {"state": State.CLOSED, "due_at": None, "ended_at": store.now()}
    async with store.begin() as tx:
        await tx.introductions.add(draft(store, anna, **closed, outcome=Outcome.NOT_ARRANGED))
        await tx.introductions.add(draft(store, anna, id="i2", code="AAAAA", **closed, outcome=Outcome.LAPSED))
        for _ in range(2):
            await tx.introductions.count("arranged")
    clock.advance(days=181)
    async with store.begin() as tx:
        assert await tx.introductions.forget(timedelta(days=180)) == 2
        assert await tx.introductions.forget(timedelta(days=180)) == 0
        assert await tx.introductions.get("i2") is None
        introduction = await tx.introductions.get("i1")
        assert dict(await tx.introductions.counts()) == {("2026-11", "arranged"): 2}
    assert introduction is not None
    assert (introduction.asker, introduction.question) == ("", "")
