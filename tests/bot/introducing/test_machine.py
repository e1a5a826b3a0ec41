"""Whatever people, networks and kills do, in whatever order: nothing is shown too early, and everything ends.

The whole work on introductions runs on a real database; people answer, change their minds, repeat themselves, use old
codes, leave and come back; networks deliver, refuse, lose their confirmation; the process is killed in the middle.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from knowledge_base.introduction_values import Answer, Helped, Introduction, Outcome, State
from knowledge_base.search.service import SearchService
from knowledge_base.store.consents import What
from knowledge_base.store.tables import consent, outbox, page
from tests.bot.introducing.world import ASKERS, CHANNELS, CONTACTS, DATA, HOMES, World

ANYBODY = st.sampled_from((*ASKERS, *CONTACTS))
WHICH = st.integers(0, 30)
FATES = st.sampled_from(["sent", "sent", "sent", "dead", "killed", "unclear"])
KINDS = st.sampled_from([("email",), ("matrix",), ("all",), ("phone",), ()])


@cache
def folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="introductions-"))


@cache
def template() -> tuple[Path, SearchService]:
    return asyncio.run(World.template(folder()))


class Introducing(RuleBasedStateMachine):
    """One history."""

    seen: ClassVar[set[str]] = set()  # outcomes that any history reached: the machine must not idle

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        path, search = template()
        self.path = folder() / f"{uuid4().hex}.db"
        self.world = self.run(World.make(path, search, self.path))
        self.erased: set[tuple[str, str]] = set()  # ever
        self.again: Callable[[], Awaitable[Any]] | None = None

    def run(self, work: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await work

        return self.runner.run(awaited())

    def do(self, work: Callable[[], Awaitable[Any]]) -> None:
        self.again = work
        self.run(work())

    def code(self, which: int) -> str:
        codes = self.world.codes
        return codes[-1 - which % len(codes)] if codes else "ZZZZZ"

    @rule(who=st.sampled_from(ASKERS), crash=st.booleans())
    def asks(self, who: tuple[str, str], crash: bool) -> None:
        self.do(lambda: self.world.asks(who, crash=crash))

    @rule(who=ANYBODY, which=WHICH, crash=st.booleans())
    def agrees(self, who: tuple[str, str], which: int, crash: bool) -> None:
        code = self.code(which)
        self.do(lambda: self.world.agrees(who, code, crash=crash))

    @rule(who=st.sampled_from(ASKERS))
    def asks_and_agrees(self, who: tuple[str, str]) -> None:
        self.run(self.world.asks(who))
        code = self.code(0)
        self.do(lambda: self.world.agrees(who, code))

    @rule(who=ANYBODY, which=WHICH, answer=st.sampled_from(Answer), kinds=KINDS, crash=st.booleans())
    def answers(self, who: tuple[str, str], which: int, answer: Answer, kinds: tuple[str, ...], crash: bool) -> None:
        code = self.code(which)
        self.do(lambda: self.world.answers(who, code, answer, *kinds, crash=crash))

    @rule(who=st.sampled_from(CONTACTS), which=st.integers(0, 2))
    def says_yes(self, who: tuple[str, str], which: int) -> None:
        code = self.code(which)
        self.do(lambda: self.world.answers(who, code, Answer.YES, "all"))

    @rule(who=ANYBODY, which=WHICH, crash=st.booleans())
    def withdraws(self, who: tuple[str, str], which: int, crash: bool) -> None:
        code = self.code(which)
        self.do(lambda: self.world.withdraws(who, code, crash=crash))

    @rule(who=ANYBODY, which=WHICH, how=st.sampled_from(Helped))
    def says_whether_it_helped(self, who: tuple[str, str], which: int, how: Helped) -> None:
        code = self.code(which)
        self.do(lambda: self.world.says_whether_it_helped(who, code, how))

    @rule(who=ANYBODY, crash=st.booleans())
    def is_erased(self, who: tuple[str, str], crash: bool) -> None:
        if not crash:
            self.erased.add(who)
        self.do(lambda: self.world.is_erased(who, crash=crash))

    @rule(who=st.sampled_from(ASKERS))
    def comes_back(self, who: tuple[str, str]) -> None:
        self.run(self.world.arrives(who))

    @rule()
    def the_lead_comes_to_matrix(self) -> None:
        self.run(self.world.comes_to_matrix())

    @precondition(lambda self: self.again is not None)
    @rule()
    def does_it_again(self) -> None:
        assert self.again is not None
        self.run(self.again())

    @rule(channel=st.sampled_from(CHANNELS), fate=FATES)
    def a_network_works(self, channel: str, fate: str) -> None:
        self.run(self.world.delivers(channel, fate))

    @rule()
    def no_mail_arrives(self) -> None:
        for _ in CONTACTS:
            self.run(self.world.delivers("email", "dead"))
            self.run(self.world.time())

    @rule(hours=st.sampled_from([0, 0, 1, 30, 24 * 4, 24 * 15]))
    def time_passes(self, hours: int) -> None:
        self.run(self.world.time(timedelta(hours=hours)))

    # ----------------------------------------------------------------------------------------------- what must hold

    @invariant()
    def no_datum_before_both_said_yes(self) -> None:
        for channel, conversation, text in self.run(self._written()):
            reader = HOMES.get(conversation)
            for owner, data in DATA.items():
                if owner == reader or not any(datum in text for datum in data):
                    continue
                assert channel != "telegram", f"{data} through Telegram"
                missing = {owner, reader or owner} - self.run(self._said_yes())
                assert not missing, f"{missing} said no yes, and {conversation} reads {text!r} of {owner}"

    @invariant()
    def what_is_open_has_a_timer(self) -> None:
        for one in self.run(self.world.introductions()):
            assert (one.due_at is None) == (one.state is State.CLOSED)

    async def _written(self) -> list[tuple[str, str, str]]:
        """Everything that was delivered, waits to be, or can be read on a page: (channel, conversation, text)."""
        texts = [entry[1:] for entry in self.world.delivered.values()]
        async with self.world.store.read() as tx:
            rows = (await tx.connection.execute(select(outbox).where(outbox.c.payload.is_not(None)))).all()
            texts += [(row.channel, row.conversation, str(row.payload)) for row in rows if not row.payload.get("room")]
            for row in (await tx.connection.execute(select(page))).all():
                accounts = await tx.people.accounts(row.person_id)
                owner = next((one.user_id for one in accounts if one.user_id in HOMES), "")
                texts.append(("page", owner, str(row.content)))
        return texts

    async def _said_yes(self) -> set[tuple[str, str]]:
        """Whose yes is in the ledger; of those who left everything is gone, but it may have been there."""
        async with self.world.store.read() as tx:
            given = select(consent.c.subject).where(consent.c.what == What.GIVEN).distinct()
            people = set((await tx.connection.execute(given)).scalars())
            found = {account for account in DATA if await self.world.person(tx, account) in people}
        return found | self.erased

    def teardown(self) -> None:
        try:
            self.run(self._to_the_end())
        finally:
            self.run(self.world.store.close())
            self.runner.close()
            self.path.unlink()

    async def _to_the_end(self) -> None:
        for days in (5, *[20] * 8):
            for channel in CHANNELS:
                await self.world.delivers(channel)
            await self.world.time(timedelta(days=days))
        for channel in CHANNELS:
            await self.world.delivers(channel)
        for one in await self.world.introductions():
            assert one.state is State.CLOSED
            self.seen.add(str(one.outcome))
            await self._each_side_knows(one)

    async def _each_side_knows(self, one: Introduction) -> None:
        told = [key for key, *_ in self.world.delivered.values() if key and key.startswith(f"intro:{one.id}:outcome")]
        assert len(told) == len(set(told))
        if one.outcome in (Outcome.LAPSED, Outcome.WITHDRAWN) or not one.asker or self.erased:
            return
        async with self.world.store.read() as tx:
            states = await tx.outbox.states([f"intro:{one.id}:outcome:asker"])
        assert len(states) == 1


# Shrinking would take longer than reading a history of thirty steps.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
TestIntroducing = pytest.mark.slow(Introducing.TestCase)
TestIntroducing.settings = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    print_blob=True,
    phases=PHASES,
)


@pytest.mark.campaign
def test_thousands_of_histories() -> None:
    """2,000 histories of 50 steps; every end is reached."""
    long = settings(TestIntroducing.settings, max_examples=2_000, stateful_step_count=50)
    run_state_machine_as_test(Introducing, settings=long)
    assert {str(outcome) for outcome in Outcome} <= Introducing.seen


def test_the_machine_would_notice() -> None:
    """A datum in a wrong place is seen: else the invariant above proves nothing."""
    machine = Introducing()
    try:
        machine.no_datum_before_both_said_yes()
        machine.world.delivered["x"] = (None, "matrix", "@anna:potsdam.example", "call +49 355 000001")
        with pytest.raises(AssertionError, match="said no yes"):
            machine.no_datum_before_both_said_yes()
    finally:
        del machine.world.delivered["x"]
        machine.teardown()
