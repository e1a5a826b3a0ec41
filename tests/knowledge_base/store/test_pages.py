"""Stored one-time links: usable once, expired in time, and then without their text."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from knowledge_base.store.database import Store
from knowledge_base.store.pages import PAGES_LAST, READ_AGAIN, REMEMBERED, Page
from tests.conftest import FixedClock

HASH = "a" * 64


async def kept(store: Store, token_hash: str = HASH, **changes: object) -> str:
    async with store.begin() as tx:
        person = await tx.people.identify("email", "rad@stadt.example", private_conversation="rad@stadt.example")
        values = {"kind": "i", "subject": "intro-1", "person_id": person.id} | changes
        await tx.pages.keep(token_hash, **values)  # type: ignore[arg-type]
        return person.id


async def used(store: Store, token_hash: str = HASH) -> Page | None:
    async with store.begin() as tx:
        return await tx.pages.use(token_hash)


async def test_stored_link_is_read_back_unchanged(store: Store) -> None:
    person = await kept(store, language="pl", veiled=True, content={"key": "x"})
    async with store.read() as tx:
        page = await tx.pages.get(HASH)
        assert page
        assert (page.kind, page.subject, page.person_id, page.language) == ("i", "intro-1", person, "pl")
        assert (page.veiled, page.content, page.used_at) == (True, {"key": "x"}, None)
        assert tx.pages.is_open(page)
        assert await tx.pages.get("b" * 64) is None


async def test_link_can_be_used_once(store: Store) -> None:
    await kept(store)
    assert await used(store) is not None
    assert await used(store) is None
    assert await used(store, "b" * 64) is None


async def test_only_one_of_several_concurrent_uses_of_a_link_succeeds(store: Store) -> None:
    await kept(store)
    results = await asyncio.gather(*(used(store) for _ in range(6)))
    assert sum(result is not None for result in results) == 1


async def test_failed_transaction_does_not_use_up_a_link(store: Store) -> None:
    await kept(store)

    async def fails() -> None:
        async with store.begin() as tx:
            assert await tx.pages.use(HASH)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fails()
    assert await used(store) is not None


async def test_link_expires_after_its_time(store: Store, clock: FixedClock) -> None:
    await kept(store)
    clock.moment += PAGES_LAST - timedelta(seconds=1)
    async with store.read() as tx:
        page = await tx.pages.get(HASH)
        assert page
        assert tx.pages.is_open(page)
    clock.moment += timedelta(seconds=1)
    async with store.read() as tx:
        assert not tx.pages.is_open(page)
        assert not tx.pages.is_readable(page)
    assert await used(store) is None


async def test_used_link_can_be_read_again_for_a_while(store: Store, clock: FixedClock) -> None:
    await kept(store, content={"key": "x"})
    page = await used(store)
    assert page
    clock.moment += READ_AGAIN - timedelta(seconds=1)
    async with store.read() as tx:
        assert tx.pages.is_readable(page)
    clock.moment += timedelta(seconds=1)
    async with store.read() as tx:
        assert not tx.pages.is_readable(page)


async def test_storing_a_known_link_again_does_not_change_it(store: Store) -> None:
    await kept(store)
    await used(store)
    await kept(store, subject="intro-2")
    async with store.read() as tx:
        page = await tx.pages.get(HASH)
        assert page
        assert page.subject == "intro-1"
        assert page.used_at


async def test_links_end_early_when_their_subject_ends(store: Store) -> None:
    await kept(store, content={"key": "x"})
    await kept(store, "b" * 64, subject="intro-2")
    async with store.begin() as tx:
        assert await tx.pages.end("i", "intro-1") == 1
        assert await tx.pages.end("i", "intro-1") == 0
    async with store.read() as tx:
        page = await tx.pages.get(HASH)
        assert page
        assert page.content is None
    assert await used(store) is None
    assert await used(store, "b" * 64) is not None


async def test_used_link_can_be_reopened(store: Store) -> None:
    await kept(store)
    async with store.begin() as tx:
        await tx.pages.use(HASH)
        await tx.pages.reopen(HASH)
    assert await used(store) is not None


async def test_texts_of_read_links_are_wiped_and_old_links_are_deleted(store: Store, clock: FixedClock) -> None:
    await kept(store, content={"secret": "x"})
    await kept(store, "b" * 64, content={"secret": "x"})
    await used(store)
    clock.moment += READ_AGAIN + timedelta(seconds=1)
    await _forgets(store, 0)
    async with store.read() as tx:
        assert (read := await tx.pages.get(HASH))
        assert read.content is None
        assert (unread := await tx.pages.get("b" * 64))
        assert unread.content
    clock.moment += PAGES_LAST
    await _forgets(store, 0)
    async with store.read() as tx:
        assert (unread := await tx.pages.get("b" * 64))
        assert unread.content is None
    clock.moment += REMEMBERED
    await _forgets(store, 2)
    async with store.read() as tx:
        assert await tx.pages.get(HASH) is None


async def _forgets(store: Store, number: int) -> None:
    async with store.begin() as tx:
        assert await tx.pages.forget() == number


async def test_exclusive_opening_of_a_link_makes_other_transactions_wait(store: Store) -> None:
    """This way, several processes count the tries of a code one after the other."""
    await kept(store)
    order: list[str] = []
    inside = asyncio.Event()

    async def first() -> None:
        async with store.begin() as tx:
            assert await tx.pages.open_alone(HASH)
            inside.set()
            for _ in range(20):
                await asyncio.sleep(0)
            order.append("first")
            await tx.pages.use(HASH)

    async def second() -> None:
        await inside.wait()
        async with store.begin() as tx:
            assert await tx.pages.open_alone(HASH) is None, "it was used meanwhile"
            order.append("second")

    await asyncio.gather(first(), second())
    assert order == ["first", "second"]


async def test_expired_or_unknown_link_cannot_be_opened(store: Store, clock: FixedClock) -> None:
    await kept(store)
    clock.moment += PAGES_LAST
    async with store.begin() as tx:
        assert await tx.pages.open_alone(HASH) is None
        assert await tx.pages.open_alone("b" * 64) is None
