"""T15: no answer reveals whether the bot knows an address, or whether a contact said no."""

from __future__ import annotations

import statistics
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import event

from bot.commands.account import Verify
from bot.context import Turn
from bot.features import introductions
from bot.features.accounts import verify
from bot.messages import Address, Inbound
from knowledge_base.introductions.values import ContactAnswer
from knowledge_base.store.database import Store
from tests.bot.features.introductions.world import World, evidence
from tests.conftest import FixedClock
from tests.introducing import LEAD, PROJECT, Networks, asks, known_as, networks

KNOWN, UNKNOWN = LEAD, "leitunk@cottbus.example"
ANNA = "@anna:potsdam.example"
TOLERATED_MS = 50.0  # at the 95th percentile, of which a network alone takes more


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    template, search = await World.template(tmp_path)
    made = await World.make(template, search, tmp_path / "world.db")
    yield made
    await made.store.close()


class Asking:
    """A user who tries addresses."""

    def __init__(self, world: World) -> None:
        self.world, self.statements = world, 0
        event.listen(world.store._engine.sync_engine, "before_cursor_execute", self._counted)

    def _counted(self, *_: object) -> None:
        self.statements += 1

    async def tries(self, address: str) -> tuple[str, int, float]:
        """Return the answer, the number of statements and the milliseconds of work."""
        self.world.clock.advance(days=2)  # no limit is in the way
        async with self.world.store.begin() as tx:
            person = await tx.people.identify("matrix", "@eve:evil.example", private_conversation="!eve")
        at = datetime(2026, 11, 23, 8, tzinfo=UTC)
        inbound = Inbound(f"${self.world.clock.moment}", Address("matrix", "!eve"), "@eve:evil.example", "x", True, at)
        turn = Turn(inbound, person, "de", "reply", False)
        self.statements, begun = 0, time.process_time()
        act = await verify.verify(turn, Verify(address), self.world.services)
        async with self.world.store.begin() as tx:
            said = await act(tx)
        return repr(said), self.statements, 1000 * (time.process_time() - begun)


async def test_verification_answers_the_same_for_a_known_and_an_unknown_address(world: World) -> None:
    asking = Asking(world)
    for _ in range(10):
        known, unknown = await asking.tries(KNOWN), await asking.tries(UNKNOWN)
        assert known[0] == unknown[0]
        assert 0 <= known[1] - unknown[1] <= 4, "but for the mail itself the same is done"


@pytest.mark.campaign
async def test_verification_takes_the_same_time_for_known_and_unknown_addresses(world: World) -> None:
    asking = Asking(world)
    took: dict[str, list[float]] = {KNOWN: [], UNKNOWN: []}
    for number in range(1_000):
        pair = (KNOWN, UNKNOWN) if number % 2 else (UNKNOWN, KNOWN)
        answers = {address: await asking.tries(address) for address in pair}
        assert answers[KNOWN][0] == answers[UNKNOWN][0]
        for address, (_, _, work) in answers.items():
            took[address].append(work)
    at_95 = {address: statistics.quantiles(times, n=20)[-1] for address, times in took.items()}
    print(f"p95 of the work in ms: {at_95}, medians: {[statistics.median(times) for times in took.values()]}")
    assert abs(at_95[KNOWN] - at_95[UNKNOWN]) < TOLERATED_MS


# --------------------------------------------------------------------------------------- who said no, and who nothing

WAYS = [ContactAnswer.NO, ContactAnswer.NEVER_AGAIN, "silence", "objection"]


async def seen_by_the_asker(store: Store, folder: Path, way: str) -> list[object]:
    """Everything that the asker sees until long after the end, without the code of the request."""
    lone = {"record": "contact", "id": "c-lead", "role": "Leitung Digitale Stadt", "municipality": "Cottbus/Chóśebuz",
            "email": LEAD, "projects": [PROJECT], "legal_basis": "public_function", "source": "x"}  # fmt: skip
    async with networks(store, folder, contacts=[lone]) as net:
        anna = await known_as(net.matrix.person(ANNA))
        code = await asks(anna)
        await net.passes()
        before = len(net.matrix.delivered)
        await ends(net, code, way)
        await net.passes(days=20)
        buttons = [
            [(choice.label, choice.command) for choice in message.choices] for message in net.matrix.delivered[before:]
        ]
        messages = [(repr(message.document), message.subject) for message in net.matrix.delivered[before:]]
        said = [await anna.says(text) for text in ("!kontakt status", f"!kontakt ={PROJECT}", "!meinedaten json")]
        said = [message[: message.find('"consent"')] if "consent" in message else message for message in said]
        moments = [message for message in said[2].split('"') if message.startswith("20")]
        result = repr([messages, buttons, said]).replace(code, "CODE").replace(code.lower(), "code")
        for moment in moments:
            result = result.replace(moment, "MOMENT")
        return [len(messages), result]


async def ends(net: Networks, code: str, way: str) -> None:
    async with net.store.begin() as tx:
        introduction = await tx.introductions.by_code(code)
        person = await tx.people.of_account("email", LEAD)
        assert introduction
        assert person
    if way == "objection":
        async with net.store.begin() as tx:
            await introductions.object_to_all(tx, net.bot.services, person.id)
    elif way != "silence":
        async with net.store.begin() as tx:
            proof = evidence(("email", LEAD))
            await introductions.respond(tx, net.bot.services, introduction.id, person.id, ContactAnswer(way), (), proof)
    await net.passes()


async def test_asker_sees_no_difference_between_a_refusal_an_objection_and_silence(tmp_path: Path) -> None:
    seen = []
    for number, way in enumerate(WAYS):
        folder = tmp_path / str(number)
        folder.mkdir()
        store = await Store.open(f"sqlite:///{folder / 'x.db'}", clock=FixedClock())
        seen.append(await seen_by_the_asker(store, folder, way))
        await store.close()
    assert seen[0][0] == 1
    assert "nicht zustande gekommen" in str(seen[0][1])
    for way, other in zip(WAYS[1:], seen[1:], strict=True):
        assert other == seen[0], way
