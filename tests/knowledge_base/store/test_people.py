"""The public name of an account: kept on request, then updated, and removed when the account has none."""

from __future__ import annotations

import pytest

from knowledge_base.store.database import Store


async def wrote(store: Store, name: str | None) -> str:
    """A user with this public name writes; return the name that is stored then."""
    async with store.begin() as tx:
        person = await tx.people.identify("telegram", "11", private_conversation="11", public_name=name)
    async with store.read() as tx:
        (account,) = await tx.people.accounts(person.id)
    return account.public_name


async def test_public_name_is_stored_and_updated_only_after_it_is_needed(store: Store) -> None:
    assert [await wrote(store, name) for name in ("first", "first", None)] == ["", "", ""]
    async with store.begin() as tx:
        await tx.people.keep_name("telegram", "11", "first")
    names = ("first", "second", None, "", "second")
    assert [await wrote(store, name) for name in names] == ["first", "second", "second", "", ""]


@pytest.mark.parametrize("gone", ["forgotten", "parted"])
async def test_public_name_leaves_with_its_account(store: Store, gone: str) -> None:
    async with store.begin() as tx:
        person = await tx.people.identify("telegram", "11", private_conversation="11")
        await tx.people.link(person.id, "email", "a@b.example", "a@b.example")
        await tx.people.keep_name("telegram", "11", "first")
        left = person.id
        if gone == "forgotten":
            await tx.profiles.erase(person.id)
        else:
            mine = [account for account in await tx.people.accounts(person.id) if account.channel == "telegram"]
            other = await tx.profiles.part(person.id, mine, (), instead=None)
            assert [account.public_name for account in await tx.people.accounts(other)] == ["first"]
        assert [account.public_name for account in await tx.people.accounts(left) if account.public_name] == []
