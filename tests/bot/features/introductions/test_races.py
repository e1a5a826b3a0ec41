"""A contact who objects to everything while one of the requests changes, on both databases."""

from __future__ import annotations

from pathlib import Path

from bot.features import introductions
from bot.messages import Say
from knowledge_base.introductions.values import State
from knowledge_base.store.database import Store
from knowledge_base.store.transaction import Transaction
from tests.bot.features.introductions.world import evidence
from tests.crossing import crossed
from tests.introducing import LEAD, asks, known_as, networks


async def test_objection_and_parallel_withdrawal_of_a_request_both_succeed(store: Store, tmp_path: Path) -> None:
    async with networks(store, tmp_path) as net:
        anna = await known_as(net.matrix.person("@anna:potsdam.example"))
        code = await asks(anna)
        await net.passes()
        async with store.read() as tx:
            asker = await tx.people.of_account("matrix", "@anna:potsdam.example")
            contact = await tx.people.of_account("email", LEAD)
            asked = await tx.introductions.by_code(code)
        assert asker
        assert contact
        assert asked

        async def withdraw(tx: Transaction) -> Say:
            proof = evidence(("matrix", "@anna:potsdam.example"))
            return await introductions.withdraw(tx, net.bot.services, asked.id, asker.id, proof)

        async def object_(tx: Transaction) -> Say:
            await introductions.object_to_all(tx, net.bot.services, contact.id)
            return Say("objected")

        said = await crossed(store, withdraw, object_)
        assert [message.key for message in said] == ["intro.withdrawn", "objected"]
        async with store.read() as tx:
            after = await tx.introductions.by_code(code)
            assert (await tx.profiles.get(contact.id)).refuses
        assert after
        assert after.state is State.CLOSED
