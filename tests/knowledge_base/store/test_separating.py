"""A person is split into two: each row goes with the account that it came from, or stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from knowledge_base.introductions.values import Introduction, State
from knowledge_base.store.breach_report import affected
from knowledge_base.store.consents import ConsentAction, ConsentEntry
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.people import Account
from knowledge_base.store.tables import outbox
from knowledge_base.store.transaction import Transaction

PLACES = {"matrix": "!room", "telegram": "11", "email": "rad@stadt.example"}


async def one_person(tx: Transaction) -> tuple[str, dict[str, Account]]:
    """A contact with accounts on three networks, requests, links, buttons and waiting messages."""
    person = (await tx.people.identify("matrix", "@a", private_conversation=PLACES["matrix"])).id
    await tx.people.choose_language(person, "pl")
    for channel in ("telegram", "email"):
        await tx.people.link(person, channel, PLACES[channel], PLACES[channel])
    for id_, veiled, kind in (
        ("v", True, "i"),
        ("m", False, "i"),
        ("u", False, "unsubscribe"),
        ("c", False, "connect"),
    ):
        subject = "one" if kind == "i" else "introductions"
        await tx.pages.keep(id_, kind=kind, subject=subject, person_id=person, veiled=veiled, content={"a": id_})
    for channel, place in PLACES.items():
        await tx.buttons.make((channel, place, ""), person, "answer", ["help"], lasting=timedelta(days=1))
        await tx.people.remember((channel, place, "", person), {"text": "x"}, None, [])
        await tx.outbox.add(channel, place, {"say": {}}, urgency=Urgency.NOTICE, person_id=person, message_id=channel)
    await tx.introductions.add(request("one", person))
    await tx.introductions.add(request("two", person))
    return person, {account.channel: account for account in await tx.people.accounts(person)}


def request(id_: str, contact_person: str) -> Introduction:
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)
    return Introduction(
        id=id_, code=id_.upper(), asker="", contact="c1", contact_person=contact_person, project="p1", question="?",
        created_at=at, due_at=at, expires_at=at, state=State.SENT,
    )  # fmt: skip


async def waits_at(tx: Transaction) -> dict[str, tuple[str, str | None]]:
    rows = await tx.connection.execute(select(outbox.c.id, outbox.c.channel, outbox.c.person_id))
    return {row.id: (row.channel, row.person_id) for row in rows}


async def test_separated_chat_account_takes_no_data_along(store: Store) -> None:
    async with store.begin() as tx:
        person, accounts = await one_person(tx)
        other = await tx.profiles.part(person, [accounts["telegram"]], [], instead=accounts["matrix"])
    async with store.read() as tx:
        assert {account.channel for account in await tx.people.accounts(person)} == {"matrix", "email"}
        assert [account.channel for account in await tx.people.accounts(other)] == ["telegram"]
        made = await tx.people.get(other)
        assert made
        assert made.language == "pl"
        assert await tx.introductions.of(other) == []
        open_ones = [name for name in "vmuc" if (page := await tx.pages.get(name)) and tx.pages.is_open(page)]
        assert open_ones == ["m", "u"], "what was veiled, or connects, is over"
        mine = {name: page.person_id for name in "vmuc" if (page := await tx.pages.get(name))}
        assert set(mine.values()) == {person}
        waiting = await waits_at(tx)
        assert waiting["telegram"] == ("matrix", person), "what waits for them goes where they still are"
        assert waiting["email"] == ("email", person)
        lasts = timedelta(days=1)
        assert await tx.people.context(("telegram", "11", "", person), younger_than=lasts) is None
        assert await tx.people.context(("matrix", "!room", "", person), younger_than=lasts) is not None


async def test_separated_mail_account_takes_its_own_data_along(store: Store) -> None:
    async with store.begin() as tx:
        person, accounts = await one_person(tx)
        other = await tx.profiles.part(person, [accounts["email"]], ["one"], instead=accounts["matrix"])
    async with store.read() as tx:
        assert [introduction.id for introduction in await tx.introductions.of(other)] == ["one"]
        assert [introduction.id for introduction in await tx.introductions.of(person)] == ["two"]
        owners = {name: page.person_id for name in "vmuc" if (page := await tx.pages.get(name))}
        assert owners == {"v": other, "m": other, "u": other, "c": person}
        assert (await waits_at(tx))["email"] == ("email", other)
        assert (await waits_at(tx))["matrix"] == ("matrix", person)


async def test_separated_mail_account_cannot_open_links_that_stay_with_the_person(store: Store) -> None:
    """The links that stay with the person were also mailed to that account and would still act for the person."""
    async with store.begin() as tx:
        person, accounts = await one_person(tx)
        await tx.pages.keep("s", kind="i", subject="two", person_id=person)
        await tx.profiles.part(person, [accounts["email"]], ["one"], instead=accounts["matrix"])
    async with store.read() as tx:
        stays, leaves = await tx.pages.get("s"), await tx.pages.get("m")
        assert stays
        assert not tx.pages.is_open(stays)
        assert leaves
        assert tx.pages.is_open(leaves)


async def test_consent_moves_with_its_introduction_when_a_person_is_split(store: Store) -> None:
    async with store.begin() as tx:
        person, accounts = await one_person(tx)
        for purpose in ("introduction:one", "introduction:two", "notice"):
            await tx.consents.add(ConsentEntry(subject=person, purpose=purpose, what=ConsentAction.GIVEN))
        other = await tx.profiles.part(person, [accounts["email"]], ["one"], instead=None)
    async with store.read() as tx:
        assert [entry.purpose for entry in await tx.consents.of(other)] == ["introduction:one"]
        assert [entry.purpose for entry in await tx.consents.of(person)] == ["introduction:two", "notice"]


@pytest.mark.parametrize("leaves", ["telegram", "email"])
async def test_accounts_affected_by_a_data_breach_stay_known_after_separating_and_merging(
    store: Store, leaves: str
) -> None:
    async with store.begin() as tx:
        person, accounts = await one_person(tx)
    then = store.now()
    store.now.advance(days=1)  # type: ignore[attr-defined]
    async with store.begin() as tx:
        other = await tx.profiles.part(person, [accounts[leaves]], [], instead=None)
        assert {affected_account.channel for affected_account in await affected(tx.connection, then)} == set(PLACES)
        newcomer = (await tx.people.identify("matrix", "@b", private_conversation="!b")).id
        await tx.profiles.merge(other, newcomer)
        assert leaves in {affected_account.channel for affected_account in await affected(tx.connection, then)}


@pytest.mark.parametrize("channel", ["matrix", "telegram", "email"])
async def test_separating_raises_the_version_of_the_introduction(store: Store, channel: str) -> None:
    async with store.begin() as tx:
        person, accounts = await one_person(tx)
        before = await tx.introductions.get("one")
        await tx.profiles.part(person, [accounts[channel]], ["one"], instead=None)
        after = await tx.introductions.get("one")
    assert before
    assert after
    assert after.version == before.version + 1


async def test_block_holds_for_every_former_account_of_both_persons(store: Store) -> None:
    """The block holds whichever side is split and whichever account was linked after the block."""
    secret = b"s" * 32
    async with store.begin() as tx:
        blocker, blocked, third = [
            (await tx.people.identify("matrix", name, private_conversation=name)).id for name in ("@b", "@x", "@c")
        ]
        await tx.blocks.add(secret, blocker, blocked)
        for person, user in ((blocker, "1"), (blocked, "2")):
            await tx.people.link(person, "telegram", user, user)
        apart = []
        for person in (blocker, blocked):
            await tx.blocks.share(secret, person)
            leaving = [account for account in await tx.people.accounts(person) if account.channel == "matrix"]
            apart.append((person, await tx.profiles.part(person, leaving, [], instead=None)))
        for mine in apart[0]:
            for theirs in apart[1]:
                assert await tx.blocks.has(secret, mine, theirs)
                assert not await tx.blocks.has(secret, theirs, mine)
            assert not await tx.blocks.has(secret, mine, third)
