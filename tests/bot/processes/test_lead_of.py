"""A channel asks the database at that moment whether its process leads the account."""

from __future__ import annotations

import pytest

from bot.processes.leadership import Leadership, LeadOf
from knowledge_base.errors import StoreError
from knowledge_base.store.database import Store
from tests.claims import leading


async def test_leader_is_confirmed_with_its_epoch_and_known_to_the_database(store: Store) -> None:
    async with leading(store, "matrix") as leadership:
        lead = LeadOf(leadership, "matrix")
        assert lead.holds()
        async with store.read() as tx:
            assert await lead.confirm() == 1
            assert await tx.processes.knows(lead.process)
        assert await lead.knows(lead.process)
        assert not await lead.knows("of another database")


async def test_deposed_leader_learns_it_from_the_database_before_its_lease_ends(store: Store) -> None:
    async with leading(store, "matrix") as leadership:
        lead = LeadOf(leadership, "matrix")
        async with store.begin() as tx:
            await tx.processes.resign("matrix", leadership.process)
            assert await tx.processes.take("matrix", "another") == 2
        assert lead.holds(), "it does not know yet"
        with pytest.raises(StoreError):
            await lead.confirm()
        successor = Leadership(store, ["matrix"], place="elsewhere", settings={})
        await successor.sign()
        assert await LeadOf(successor, "matrix").knows(lead.process), "it knows whose lock it finds"


async def test_process_that_does_not_lead_is_not_confirmed(store: Store) -> None:
    lead = LeadOf(Leadership(store, ["matrix"], place="test", settings={}), "matrix")
    with pytest.raises(StoreError):
        await lead.confirm()


async def test_unreachable_database_confirms_no_leadership(store: Store) -> None:
    async with leading(store, "matrix") as leadership:
        lead = LeadOf(leadership, "matrix")
        kept, leadership._store = leadership._store, Store.__new__(Store)  # one that cannot be asked
        for asked in (lead.confirm(), lead.knows("x")):
            with pytest.raises(StoreError):
                await asked
        leadership._store = kept
