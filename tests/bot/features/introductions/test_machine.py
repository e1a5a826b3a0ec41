"""Users, networks and kills act in any order: no data are shown too early, and every introduction ends.

All parts of introductions run on a real database. Users answer, change their minds, repeat commands, use old codes and
codes of other users, erase their data and come back. Networks deliver, refuse, lose confirmations and report late. The
process is killed in the middle. Only ``watching`` decides what is allowed, from what the users really said.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from knowledge_base.introductions.values import (
    WAITING,
    Answered,
    Consented,
    ContactAnswer,
    Delivered,
    Event,
    ForEditors,
    Helped,
    Objected,
    Outcome,
    RoomFailed,
    RoomOpened,
    SaidWhetherItHelped,
    State,
    TimeCame,
    Undeliverable,
    Withdrew,
)
from knowledge_base.search.service import SearchService
from knowledge_base.store.shielded import UncancelledConnection
from tests.bot.features.introductions.watching import (
    Account,
    Stored,
    Watch,
    each_side_knows,
    is_theirs,
    left,
    stored,
    written,
)
from tests.bot.features.introductions.world import ASKERS, CHANNELS, CONTACTS, World

ANYBODY = st.sampled_from((*ASKERS, *CONTACTS))
WHICH = st.sampled_from([0, 0, 0, 0, 1, 1, 2, 3, 5, 8, 13])  # mostly what is going on, now and then what is long over
RARELY = st.sampled_from([False, False, False, True])
FATES = st.sampled_from(["sent", "sent", "sent", "dead", "killed", "unclear"])
KINDS = st.sampled_from([("email",), ("matrix",), ("all",), ("phone",), ()])
SHARED = (("email", "forged@evil.example"),)
FORGED: dict[str, Callable[[str], Event]] = {
    "agrees": lambda person: Consented(person, None, SHARED),
    "answers": lambda person: Answered(person, ContactAnswer.YES, SHARED),
    "withdraws": Withdrew,
    "objects": Objected,
    "helped": lambda person: SaidWhetherItHelped(person, Helped.YES),
    "for editors": ForEditors,
}
NOES = [answer for answer in ContactAnswer if answer is not ContactAnswer.YES]
ENDED_BY_CONTACT = tuple(f"intro.answered_{answer}" for answer in NOES)
COUNTED = ("intro.answered_yes", "intro.withdrawn", *ENDED_BY_CONTACT)


@cache
def folder() -> Path:
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    made = Path(tempfile.mkdtemp(prefix="introductions-", dir=memory))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made


@cache
def template() -> tuple[Path, SearchService]:
    return asyncio.run(World.template(folder()))


async def _at_once(_connection: object, work: Callable[..., Any], *values: Any, **named: Any) -> Any:
    """A statement in this thread: one history is one thread of work, and a change of threads costs more than SQLite."""
    return work(*values, **named)


class Introducing(RuleBasedStateMachine):
    """One history."""

    happened: ClassVar[Counter[tuple[str, str]]] = Counter()  # in all histories: the machine must not idle

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(UncancelledConnection, "_execute", _at_once)
        self.runner = asyncio.Runner()
        path, search = template()
        self.path = folder() / f"{uuid4().hex}.db"
        self.world = self.run(World.make(path, search, self.path))
        self.database = sqlite3.connect(self.path)
        self.watch = Watch()
        self.again: Callable[[], Awaitable[Any]] | None = None
        self.counted: Account | None = None  # who did last what counted
        self.at: dict[Account, str] = {who: who[0] for who in (*ASKERS, *CONTACTS)}  # where somebody is reached now

    def run(self, work: Awaitable[Any]) -> Any:
        async def awaited() -> Any:
            return await work

        return self.runner.run(awaited())

    @property
    def now(self) -> Stored:
        return stored(self.database)

    def notes(self, text: str, who: Account) -> None:
        self.happened[text, self.at[who]] += 1

    def code(self, which: int) -> str:
        """The newest open request for 0, then older ones, drafts, closed ones, and a code that does not exist."""
        known = self.now.introductions
        order = [State.CLOSED, State.DRAFT]
        places = {
            code: order.index(introduction["state"]) + 1 if introduction["state"] in order else 3
            for code, introduction in known.items()
        }
        codes = sorted(self.world.codes, key=lambda code: places.get(code, 0)) or ["ZZZZZ"]
        return codes[-1 - which % len(codes)]

    def does(
        self,
        action: str,
        who: Account,
        code: str,
        work: Callable[[], Awaitable[str]],
        answer: ContactAnswer | None = None,
    ) -> str:
        """A user acts on an introduction: a user without the right to do so changes nothing."""
        self.again = lambda: self._does(action, who, code, work, answer)
        return str(self.run(self.again()))

    async def _does(
        self, action: str, who: Account, code: str, work: Callable[[], Awaitable[str]], answer: ContactAnswer | None
    ) -> str:
        before = self.now
        said = await work()
        introduction = before.introductions.get(code)
        if said == "crash" or not is_theirs(action, introduction, before.person(who), answer):
            assert before == self.now, f"{who} {action} {code}: {said}; it was not theirs, and changed something"
        self._noted(action, who, code, said, answer)
        if said == "intro.answered_yes":
            assert introduction is not None
            asker = next(account for account in ASKERS if before.person(account) == introduction["asker"])
            self.watch.both_said_yes(asker, who, self.kinds)
        return said

    kinds: tuple[str, ...] = ()  # that the one who answers just now named

    def _noted(self, text: str, who: Account, code: str, said: str, answer: ContactAnswer | None) -> None:
        self.counted = who if said in COUNTED else None
        if said == "crash":
            self.notes("crash", who)
        elif said.endswith(("too_late", "too_early", "closed", "not_yours")):
            self.notes("reorder", who)
        elif said == "intro.withdrawn":
            self.watch.ended.add((code, who))
            self.notes("withdraw", who)
        elif said in ENDED_BY_CONTACT:
            self.watch.ended.add((code, who))
            self.notes("no", who)
        elif said == "intro.answered_yes":
            self.notes("yes", who)

    # ------------------------------------------------------------------------------------------------ what people do

    @initialize(who=st.sampled_from(ASKERS), begun=st.sampled_from(["", "sent", "sent", "delivered"]))
    def something_is_under_way(self, who: Account, begun: str) -> None:
        """Mostly begin with a request: by chance alone most histories would end before a user agrees."""
        if begun:
            self.asks_and_agrees(who)
        if begun == "delivered":
            self.a_network_works("email", "sent")

    @rule(who=st.sampled_from(ASKERS), crash=RARELY)
    def asks(self, who: Account, crash: bool) -> None:
        self.run(self.world.asks(who, crash=crash))

    @rule(who=ANYBODY, which=WHICH, crash=RARELY)
    def agrees(self, who: Account, which: int, crash: bool) -> None:
        code = self.code(which)
        self.does("agrees", who, code, lambda: self.world.agrees(who, code, crash=crash))

    @rule(who=st.sampled_from(ASKERS))
    def asks_and_agrees(self, who: Account) -> None:
        self.run(self.world.asks(who))
        code = self.code(0)
        self.does("agrees", who, code, lambda: self.world.agrees(who, code))

    @rule(who=ANYBODY, which=WHICH, answer=st.sampled_from(ContactAnswer), kinds=KINDS, crash=RARELY)
    def answers(self, who: Account, which: int, answer: ContactAnswer, kinds: tuple[str, ...], crash: bool) -> None:
        code, self.kinds = self.code(which), kinds
        self.does("answers", who, code, lambda: self.world.answers(who, code, answer, *kinds, crash=crash), answer)

    @rule(who=st.sampled_from(CONTACTS), which=st.integers(0, 2), kinds=KINDS)
    def says_yes(self, who: Account, which: int, kinds: tuple[str, ...]) -> None:
        code, self.kinds = self.code(which), kinds
        self.does(
            "answers", who, code, lambda: self.world.answers(who, code, ContactAnswer.YES, *kinds), ContactAnswer.YES
        )

    @rule(who=st.sampled_from(CONTACTS), which=st.integers(0, 2), answer=st.sampled_from(NOES))
    def says_no(self, who: Account, which: int, answer: ContactAnswer) -> None:
        code = self.code(which)
        self.does("answers", who, code, lambda: self.world.answers(who, code, answer), answer)

    @rule(who=st.sampled_from(ASKERS), which=st.integers(0, 2))
    def thinks_better_of_it(self, who: Account, which: int) -> None:
        code = self.code(which)
        self.does("withdraws", who, code, lambda: self.world.withdraws(who, code))

    @rule(who=ANYBODY, which=WHICH, crash=RARELY)
    def withdraws(self, who: Account, which: int, crash: bool) -> None:
        code = self.code(which)
        self.does("withdraws", who, code, lambda: self.world.withdraws(who, code, crash=crash))

    @rule(who=ANYBODY, which=WHICH, how=st.sampled_from(Helped))
    def says_whether_it_helped(self, who: Account, which: int, how: Helped) -> None:
        code = self.code(which)
        self.does("helped", who, code, lambda: self.world.says_whether_it_helped(who, code, how))

    @rule(who=ANYBODY, which=WHICH)
    def gives_it_to_the_editors(self, who: Account, which: int) -> None:
        code = self.code(which)
        self.does("for editors", who, code, lambda: self.world.for_editors(who, code))

    @rule(who=st.sampled_from(CONTACTS), crash=RARELY, for_good=RARELY)
    def objects(self, who: Account, crash: bool, for_good: bool) -> None:
        before = self._open_of(who)
        if self.run(self.world.objects(who, crash=crash)) != "crash":
            known, after = self.now.introductions, self._open_of(who)
            self.watch.ended |= {(code, who) for code in before if code not in after}
            assert {known[code]["state"] for code in after} <= {State.OPENING}, "only an open room is open"
        if not for_good:
            self.run(self.world.likes_it_again(who))

    def _open_of(self, who: Account) -> list[str]:
        now = self.now
        return [
            code
            for code, introduction in now.introductions.items()
            if is_theirs("objects", introduction, now.person(who))
        ]

    @rule(who=ANYBODY, which=WHICH, event=st.sampled_from(sorted(FORGED)))
    def an_event_is_forged(self, who: Account, which: int, event: str) -> None:
        """A forged event bypasses all other checks: only the rules can refuse it."""
        code, now = self.code(which), self.now
        person = now.person(who)
        if not is_theirs(event, now.introductions.get(code), person):
            self.run(self._does(event, who, code, lambda: self.world.happens(code, FORGED[event](person)), None))

    @rule(which=WHICH, number=st.integers(1, 4), news=st.sampled_from(["delivered", "undeliverable", "room"]))
    def news_of_a_message_come_late(self, which: int, number: int, news: str) -> None:
        """Late news about a closed round, or about a room that no request waits for."""
        code, before = self.code(which), self.now
        introduction = before.introductions.get(code)
        if introduction is None or (
            introduction["state"] == State.OPENING if news == "room" else introduction["round"] == number
        ):
            return
        events: dict[str, tuple[Event, ...]] = {
            "room": (RoomOpened(), RoomFailed()), "delivered": (Delivered(number),),
            "undeliverable": (Undeliverable(number),),
        }  # fmt: skip
        for event in events[news]:
            assert self.run(self.world.happens(code, event)) != "happened"
        assert self.now == before
        self.happened["late news", "network"] += 1

    @rule(which=WHICH)
    def somebody_looks_before_it_is_time(self, which: int) -> None:
        code, before = self.code(which), self.now
        introduction = before.introductions.get(code)
        if (
            introduction is None
            or introduction["due_at"] is None
            or str(introduction["due_at"]) > f"{self.world.clock.moment:%Y-%m-%d %H:%M:%S}"
        ):
            assert self.run(self.world.happens(code, TimeCame())) != "happened"
            assert self.now == before

    @rule(who=ANYBODY, crash=RARELY, really=RARELY)
    def is_erased(self, who: Account, crash: bool, really: bool) -> None:
        if really:
            self._leaves(who, crash)

    @rule(which=st.integers(0, 2), side=st.sampled_from(["asker", "contact_person"]), really=st.booleans())
    def one_of_the_two_leaves(self, which: int, side: str, really: bool) -> None:
        """One side leaves while the other waits: by chance alone this would hardly ever happen."""
        introduction = self.now.introductions.get(self.code(which))
        who = (
            self.people().get(introduction[side])
            if introduction and introduction["state"] in (*WAITING, State.OPENING)
            else None
        )
        if who and really:
            self._leaves(who, crash=False)

    def _leaves(self, who: Account, crash: bool) -> None:
        before = self.now
        self.run(self.world.is_erased(who, crash=crash))
        self.notes("crash" if crash else "erase", who)
        if not crash:
            self.at[who] = who[0]
            self._a_goodbye_is_said(before, before.person(who))

    def _a_goodbye_is_said(self, before: Stored, gone: str) -> None:
        """Their open introductions end at once, without a timer, and the other side is told why."""
        after, delivered = self.now.introductions, {key for key, *_ in self.world.delivered.values() if key}
        for code, was in before.introductions.items():
            if gone in (was["asker"], was["contact_person"]):
                self.happened["goodbye", left(self.database, was, after.get(code), gone, delivered)] += 1

    @rule(who=st.sampled_from(ASKERS))
    def comes_back(self, who: Account) -> None:
        self.run(self.world.arrives(who))

    @precondition(lambda self: self.at[CONTACTS[0]] == "email")
    @rule()
    def the_lead_comes_to_matrix(self) -> None:
        self.run(self.world.comes_to_matrix())
        self.at[CONTACTS[0]] = "matrix"

    @precondition(lambda self: self.at[CONTACTS[1]] == "email")
    @rule()
    def the_other_contact_comes_to_telegram(self) -> None:
        self.run(self.world.comes_to_telegram())
        self.at[CONTACTS[1]] = "telegram"

    @precondition(lambda self: self.again is not None)
    @rule()
    def does_it_again(self) -> None:
        assert self.again is not None
        if self.counted:
            self.notes("duplicate", self.counted)
        self.run(self.again())

    # ---------------------------------------------------------------------------------------------- what networks do

    @rule(channel=st.sampled_from(CHANNELS), fate=FATES)
    def a_network_works(self, channel: str, fate: str) -> None:
        self.run(self.world.delivers(channel, fate))

    @rule()
    def no_mail_arrives(self) -> None:
        for _ in CONTACTS:
            self.run(self.world.delivers("email", "dead"))
            self.run(self._time_passes(timedelta(0)))

    @rule(hours=st.sampled_from([0, 0, 1, 30, 24 * 4, 24 * 15]))
    def time_passes(self, hours: int) -> None:
        self.run(self._time_passes(timedelta(hours=hours)))

    async def _time_passes(self, passed: timedelta) -> None:
        before, people = self.now.introductions, self.people()
        await self.world.time(passed)
        for code, introduction in self.now.introductions.items():
            was = before[code]
            if introduction["outcome"] == Outcome.NOT_ARRANGED and was["state"] in (State.SENT, State.DELIVERED):
                for person in {was["asker"], was["contact_person"]} & people.keys():
                    self.notes("expire", people[person])

    def people(self) -> dict[str, Account]:
        now = self.now
        return {now.person(who): who for who in (*ASKERS, *CONTACTS)}

    # ----------------------------------------------------------------------------------------------- what must hold

    @invariant()
    def no_datum_before_both_said_yes_and_what_is_open_has_a_timer(self) -> None:
        seen = [entry[1:] for entry in self.world.delivered.values()]
        for channel, conversation, text in (*written(self.database), *seen):
            self.watch.reads(channel, conversation, text)
        for introduction in self.now.introductions.values():
            assert (introduction["due_at"] is None) == (introduction["state"] == State.CLOSED)

    def teardown(self) -> None:
        try:
            self.run(self._to_the_end())
            self.everybody_knows()
        finally:
            self.run(self.world.store.close())
            self.database.close()
            self.runner.close()
            self.patch.undo()
            self.path.unlink()

    async def _to_the_end(self) -> None:
        for days in (5, *[20] * 8):
            if all(introduction["state"] == State.CLOSED for introduction in self.now.introductions.values()):
                break
            await self._everything_arrives()
            await self._time_passes(timedelta(days=days))
        await self._everything_arrives()

    async def _everything_arrives(self) -> None:
        for channel in CHANNELS if any(state == "new" for _, state in self.now.messages) else ():
            await self.world.delivers(channel)

    def everybody_knows(self) -> None:
        self.no_datum_before_both_said_yes_and_what_is_open_has_a_timer()
        keys = [key for key, *_ in self.world.delivered.values() if key]
        assert len(keys) == len(set(keys)), "nobody is told anything twice"
        for introduction in self.now.introductions.values():
            assert introduction["state"] == State.CLOSED
            self.happened["end", introduction["outcome"]] += 1
            each_side_knows(self.database, introduction, self.people(), self.watch, keys)


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
def test_invariants_hold_in_2000_histories_that_reach_every_end() -> None:
    """2,000 histories of 50 steps; each kind of event happens on each network, and each outcome occurs."""
    Introducing.happened.clear()
    long = settings(TestIntroducing.settings, max_examples=2_000, stateful_step_count=50)
    run_state_machine_as_test(Introducing, settings=long)
    for (what, where), times in sorted(Introducing.happened.items()):
        print(f"{what:12} {where:14} {times}")
    for outcome in Outcome:
        assert Introducing.happened["end", outcome] > 0
    for what in ("yes", "no", "expire", "erase", "duplicate", "reorder", "crash"):
        for channel in CHANNELS:
            assert Introducing.happened[what, channel] > 0, (what, channel)
    for side in ("asker", "contact"):
        assert Introducing.happened["goodbye", side] > 0, f"no {side} was ever told that the other one left"
    for channel in ("matrix", "telegram"):  # nobody asks by mail
        assert Introducing.happened["withdraw", channel] > 0
