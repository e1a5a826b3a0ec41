"""Profiles, merged persons in every table, the append-only consent ledger, and blocks that survive erasure."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from knowledge_base.store.answers import GivenAnswer
from knowledge_base.store.blocks import identities
from knowledge_base.store.consents import KEY, ConsentAction, ConsentEntry, hash_of
from knowledge_base.store.database import Store
from knowledge_base.store.merging import erase, references
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.people import Person
from knowledge_base.store.tables import metadata, outbox
from knowledge_base.store.transaction import Transaction
from tests.conftest import FixedClock
from tests.knowledge_base.store.rows import fill_tables

OWN_KEYS = ("account", "outbox")  # rows of these are made as the bot makes them
NAMING = [table for table in dict.fromkeys(table for table, _ in references()) if table.name not in OWN_KEYS]
SECRET = b"s" * 32


async def somebody(tx: Transaction, user: str, channel: str = "matrix") -> Person:
    return await tx.people.identify(channel, user, private_conversation=f"room-of-{user}")


async def everything(tx: Transaction) -> str:
    """The whole database as one text."""
    seen = []
    for table in metadata.sorted_tables:
        seen += [repr(tuple(row)) for row in await tx.connection.execute(select(table))]
    return "\n".join(seen)


async def test_profile_fields_are_stored_and_changed_one_by_one(store: Store) -> None:
    async with store.begin() as tx:
        anna = await somebody(tx, "@anna:b.example")
        assert (await tx.profiles.get(anna.id)).name == ""
        await tx.profiles.set(anna.id, name="Anna Beispiel", municipality="12052000", verified_at=tx.now)
        await tx.profiles.set(anna.id, phone="+49 355 000")
    async with store.read() as tx:
        profile = await tx.profiles.get(anna.id)
        assert (profile.name, profile.phone, profile.is_verified(tx.now)) == ("Anna Beispiel", "+49 355 000", True)
        assert not profile.is_verified(tx.now + timedelta(days=366))


async def test_changing_the_municipality_removes_the_verification(sqlite_store: Store) -> None:
    async with sqlite_store.begin() as tx:
        anna = await somebody(tx, "@anna:b.example")
        await tx.profiles.set(anna.id, municipality="1", verified_at=tx.now, verified_address="a@b.example")
        profile = await tx.profiles.set(anna.id, municipality="2")
        assert (profile.verified_at, profile.verified_address) == (None, "")


async def test_imported_address_creates_a_person_once(store: Store) -> None:
    async with store.begin() as tx:
        made = await tx.profiles.person_of_address("Klima@Stadt.example", language="pl")
        again = await tx.profiles.person_of_address("klima@stadt.example")
        assert (made.id, made.new, again.new) == (again.id, True, False)
        assert again.last_language == "pl"
        assert await tx.people.of_account("email", "klima@stadt.example")
        await tx.people.switch_off(made.id, "email")
        await tx.profiles.person_of_address("klima@stadt.example")
        assert not (await tx.people.accounts(made.id))[0].active


async def test_merging_two_persons_covers_every_table(store: Store) -> None:
    async with store.begin() as tx:
        await tx.answers.add(
            GivenAnswer(id="answer", channel="matrix", event_id="$q", sure=True, language="de", shown=())
        )
        await tx.answers.not_answered("Wer hat das?", "wer hat das", "de")
        anna, twin = await somebody(tx, "@anna:b.example"), await somebody(tx, "4711", "telegram")
        for member in (anna, twin):  # both have everything, so that every key is in the way
            await fill_tables(tx, NAMING, member.id)
            await tx.outbox.add("matrix", "!r", {}, urgency=Urgency.NOTICE, person_id=member.id)
            await tx.consents.add(ConsentEntry(subject=member.id, purpose="digest", what=ConsentAction.GIVEN))
        await tx.profiles.merge(anna.id, twin.id)
    async with store.read() as tx:
        assert anna.id not in await everything(tx)
        assert {account.channel for account in await tx.people.accounts(twin.id)} == {"matrix", "telegram"}
        assert len(await tx.consents.of(twin.id)) == 2
        assert len((await tx.connection.execute(select(outbox).where(outbox.c.person_id == twin.id))).all()) == 2


async def test_merging_keeps_profile_fields_pauses_and_refusals(sqlite_store: Store) -> None:
    async with sqlite_store.begin() as tx:
        old, new = await somebody(tx, "a"), await somebody(tx, "b")
        until = tx.now + timedelta(days=9)
        await tx.profiles.set(old.id, name="Alt", municipality="1", verified_at=tx.now, phone="1", refuses=True)
        await tx.profiles.set(old.id, paused_until=until)
        await tx.profiles.set(new.id, name="Neu", municipality="2")
        await tx.profiles.merge(old.id, new.id)
        profile = await tx.profiles.get(new.id)
        assert (profile.name, profile.municipality, profile.phone, profile.refuses) == ("Neu", "2", "1", True)
        assert (profile.verified_at, profile.paused_until) == (None, until)


async def test_every_reference_to_a_person_defines_its_deletion() -> None:
    """Otherwise erasing a person would fail or forget a table."""
    for table, column in references():
        (key,) = column.foreign_keys
        assert key.ondelete in ("CASCADE", "SET NULL"), f"{table.name}.{column.name}"


async def test_erasing_a_person_leaves_no_personal_data(store: Store) -> None:
    async with store.begin() as tx:
        await tx.answers.add(
            GivenAnswer(id="answer", channel="matrix", event_id="$q", sure=True, language="de", shown=())
        )
        await tx.answers.not_answered("Wer hat das?", "wer hat das", "de")
        anna = await somebody(tx, "@anna:b.example")
        await fill_tables(tx, NAMING, anna.id)
        await tx.outbox.add("matrix", "room-of-@anna:b.example", {"say": "hers"}, urgency=Urgency.NOTICE)
        await tx.consents.add(ConsentEntry(subject=anna.id, purpose="digest", what=ConsentAction.GIVEN))
        await erase(tx.connection, tx.now, anna.id)
    async with store.read() as tx:
        left = await everything(tx)
        assert anna.id not in left
        assert "@anna" not in left


# ------------------------------------------------------------------------------------------------------- the ledger


async def test_consent_ledger_tells_which_consents_hold(store: Store) -> None:
    async with store.begin() as tx:
        assert not await tx.consents.holds("p", "digest")
        await tx.consents.add(
            ConsentEntry(subject="p", purpose="digest", what=ConsentAction.GIVEN, text_hash=hash_of("Ja?"))
        )
    async with store.begin() as tx:
        assert await tx.consents.holds("p", "digest")
        await tx.consents.add(ConsentEntry(subject="p", purpose="digest", what=ConsentAction.WITHDRAWN))
        assert not await tx.consents.holds("p", "digest")
        assert [entry.what for entry in await tx.consents.of("p")] == [ConsentAction.GIVEN, ConsentAction.WITHDRAWN]


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM consent", "UPDATE consent SET purpose = 'other'", "UPDATE consent SET subject = 'q'"],
)
async def test_consent_ledger_refuses_updates_and_deletions(store: Store, statement: str) -> None:
    async with store.begin() as tx:
        await tx.consents.add(ConsentEntry(subject="p", purpose="digest", what=ConsentAction.GIVEN))
    with pytest.raises(DBAPIError, match="append-only"):
        async with store.begin() as tx:
            await tx.connection.execute(text(statement))


async def test_unlocked_consent_ledger_still_refuses_updates(store: Store) -> None:
    async with store.begin() as tx:
        await tx.consents.add(ConsentEntry(subject="p", purpose="digest", what=ConsentAction.GIVEN))
        await tx.facts.put(KEY, True)
    with pytest.raises(DBAPIError, match="append-only"):
        async with store.begin() as tx:
            await tx.connection.execute(text("UPDATE consent SET what = 'withdrawn'"))


async def test_consent_entries_are_deleted_three_years_after_their_end(store: Store, clock: FixedClock) -> None:
    period = timedelta(days=3 * 365)
    async with store.begin() as tx:
        for purpose in ("digest", "introduction:1"):
            await tx.consents.add(ConsentEntry(subject="p", purpose=purpose, what=ConsentAction.GIVEN))
        await tx.consents.add(ConsentEntry(subject="p", purpose="digest", what=ConsentAction.WITHDRAWN))
    clock.advance(days=3 * 365)
    async with store.begin() as tx:
        assert await tx.consents.forget(period) == 0
    clock.advance(seconds=1)
    async with store.begin() as tx:
        assert await tx.consents.forget(period) == 2
        assert [entry.purpose for entry in await tx.consents.of("p")] == ["introduction:1"]  # it still holds
    async with store.read() as tx:
        assert await tx.facts.get(KEY) is None


# ------------------------------------------------------------------------------------------------ blocks and tallies


async def test_block_survives_erasure_and_return_of_the_blocked_user(store: Store) -> None:
    async with store.begin() as tx:
        contact = await tx.profiles.person_of_address("klima@stadt.example")
        nag = await somebody(tx, "@nag:b.example")
        await tx.people.identify("email", "nag@dorf.example", private_conversation=None)
        await tx.profiles.merge((await tx.profiles.person_of_address("nag@dorf.example")).id, nag.id)
        await tx.blocks.add(SECRET, contact.id, nag.id)
        await erase(tx.connection, tx.now, nag.id)
    async with store.begin() as tx:
        same_account = await somebody(tx, "@nag:b.example")
        same_address = await tx.profiles.person_of_address("nag@dorf.example")
        other = await somebody(tx, "@other:b.example")
        assert await tx.blocks.has(SECRET, contact.id, same_account.id)
        assert await tx.blocks.has(SECRET, contact.id, same_address.id)
        assert not await tx.blocks.has(SECRET, contact.id, other.id)
        assert not await tx.blocks.has(SECRET, other.id, same_account.id)
        assert not await tx.blocks.has(b"t" * 32, contact.id, same_account.id)  # only this installation can tell


async def test_tally_counts_the_person_not_the_account(store: Store, clock: FixedClock) -> None:
    day = timedelta(days=1)
    async with store.begin() as tx:
        anna = await somebody(tx, "@anna:b.example")
        whom = await identities(tx.connection, anna.id)
        await tx.tallies.add(SECRET, "asked", whom, lasting=day)
        await tx.tallies.add(SECRET, "asked", [*whom, "email:a@b.example"], lasting=day)
        assert await tx.tallies.count(SECRET, "asked", whom, within=day) == 2
        assert await tx.tallies.count(SECRET, "asked", ["email:a@b.example"], within=day) == 1
        assert await tx.tallies.count(SECRET, "other", whom, within=day) == 0
    clock.advance(days=1, seconds=1)
    async with store.begin() as tx:
        assert await tx.tallies.count(SECRET, "asked", whom, within=day) == 0
        assert await tx.tallies.forget() == 3
