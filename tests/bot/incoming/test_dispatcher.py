"""Messages of a conversation are handled in order, conversations in parallel and without delaying others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from bot.incoming import dispatcher
from bot.incoming.dispatcher import PARALLEL, SUSPECT, Dispatch, in_turn
from bot.incoming.intake import Intake
from bot.processes.turns import Turns
from knowledge_base.store.database import Store
from knowledge_base.store.inbox import InboxRow, Waiting
from knowledge_base.store.tables import inbox
from tests.fakes import PATIENCE_S, FakeChannel

PEOPLE = FakeChannel("test")


class Work:
    """A handler that notes what it gets, and waits where the test says."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.at_once = self.most_at_once = 0
        self.gates: dict[str, asyncio.Event] = {}
        self.changed = asyncio.Condition()
        self.refused: set[str] = set()

    async def __call__(self, row: InboxRow) -> bool:
        text = row.payload["text"]
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        await self._note(self.begun, text)
        if text in self.gates:
            await self.gates[text].wait()
        self.at_once -= 1
        if text in self.refused:
            await self._note(self.ended, f"not {text}")
            return False
        async with self._store.begin() as tx:
            await tx.inbox.done(row)
        await self._note(self.ended, text)
        return True

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self.changed:
            await self.changed.wait_for(condition)

    async def _note(self, where: list[str], text: str) -> None:
        async with self.changed:
            where.append(text)
            self.changed.notify_all()


@asynccontextmanager
async def at_work(running: Awaitable[None]) -> AsyncIterator[None]:
    task = asyncio.ensure_future(running)
    yield
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


async def say(intake: Intake, *said: tuple[str, str]) -> None:
    await intake("test", [PEOPLE.person(who).inbound(text) for who, text in said])


async def test_conversations_are_handled_in_parallel_and_each_one_in_order(store: Store) -> None:
    intake, work = Intake(store), Work(store)
    people = [f"p{number}" for number in range(5)]
    said = [(who, f"{who} {number}") for number in range(6) for who in people]
    gate = asyncio.Event()
    work.gates = {f"{who} 0": gate for who in people}
    async with at_work(Dispatch(store, intake, work, lambda: ["test"]).run()):
        await say(intake, *said[:10])
        await say(intake, *said[10:])
        await work.until(lambda: len(work.begun) == len(people))
        gate.set()
        await work.until(lambda: len(work.ended) == len(said))
    for who in people:
        assert [text for text in work.ended if text.startswith(who)] == [f"{who} {number}" for number in range(6)]
    assert work.most_at_once == len(people)


async def test_a_slow_conversation_does_not_delay_others(sqlite_store: Store) -> None:
    intake, work = Intake(sqlite_store), Work(sqlite_store)
    work.gates["slow"] = asyncio.Event()
    async with at_work(Dispatch(sqlite_store, intake, work, lambda: ["test"]).run()):
        await say(intake, ("anna", "slow"), *(("anna", f"later {number}") for number in range(30)), ("ben", "quick"))
        await work.until(lambda: "quick" in work.ended)
        await say(intake, ("carl", "quick too"))
        await work.until(lambda: "quick too" in work.ended)
        assert work.begun == ["slow", "quick", "quick too"]
        work.gates["slow"].set()
        await work.until(lambda: "later 29" in work.ended)
    assert [text for text in work.ended if text.startswith("later")] == [f"later {number}" for number in range(30)]


async def test_number_of_parallel_messages_is_limited(sqlite_store: Store) -> None:
    intake, work = Intake(sqlite_store), Work(sqlite_store)
    gate = asyncio.Event()
    said = [(f"p{number}", f"t{number}") for number in range(3 * PARALLEL)]
    work.gates = {text: gate for _, text in said}
    async with at_work(Dispatch(sqlite_store, intake, work, lambda: ["test"]).run()):
        await say(intake, *said)
        await work.until(lambda: len(work.begun) == PARALLEL)
        gate.set()
        await work.until(lambda: len(work.ended) == len(said))
    assert work.most_at_once == PARALLEL


async def test_messages_left_by_an_earlier_process_are_handled_first(store: Store) -> None:
    await say(Intake(store), ("anna", "1"), ("anna", "2"))
    intake, work = Intake(store), Work(store)
    await say(intake, ("anna", "3"))
    async with at_work(Dispatch(store, intake, work, lambda: ["test"]).run()):
        await work.until(lambda: len(work.ended) == 3)
    assert work.ended == ["1", "2", "3"]


async def test_messages_that_may_have_killed_the_process_are_handled_one_by_one(sqlite_store: Store) -> None:
    """Then the bot finds the message that kills the process, and does not give up the others."""
    intake, work = Intake(sqlite_store), Work(sqlite_store)
    await say(intake, ("anna", "a"), ("ben", "b"), ("cleo", "c"), ("dora", "d"))
    async with sqlite_store.begin() as tx:
        first = select(inbox.c.seq).order_by(inbox.c.seq).limit(3)
        await tx.connection.execute(update(inbox).where(inbox.c.seq.in_(first)).values(attempts=SUSPECT))
    work.gates = {text: asyncio.Event() for text in "abcd"}
    async with at_work(Dispatch(sqlite_store, intake, work, lambda: ["test"]).run()):
        for suspect, begun in (("a", {"a", "d"}), ("b", {"a", "b", "d"}), ("c", {"a", "b", "c", "d"})):
            await work.until(lambda begun=begun: set(work.begun) >= begun)  # type: ignore[misc]
            assert set(work.begun) == begun
            work.gates[suspect].set()
        work.gates["d"].set()
        await work.until(lambda: len(work.ended) == 4)


async def test_message_of_a_channel_that_is_not_running_waits(sqlite_store: Store) -> None:
    work = Work(sqlite_store)
    intake = Intake(sqlite_store)
    await say(intake, ("anna", "1"))
    running = Dispatch(sqlite_store, intake, work, lambda: ["other"])
    async with at_work(running.run()):
        await running.idle()
    assert work.begun == []


async def test_dispatcher_is_idle_after_all_messages_are_handled(sqlite_store: Store) -> None:
    intake, work = Intake(sqlite_store), Work(sqlite_store)
    running = Dispatch(sqlite_store, intake, work, lambda: ["test"])
    async with at_work(running.run()):
        for number in range(20):
            await say(intake, (f"p{number % 3}", str(number)))
            await running.idle()
            assert len(work.ended) == number + 1


async def test_unfinished_message_is_retried_after_a_pause_before_later_ones(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "REST_S", 0.01)
    intake, work = Intake(sqlite_store), Work(sqlite_store)
    work.refused = {"bad"}
    async with at_work(Dispatch(sqlite_store, intake, work, lambda: ["test"]).run()):
        await say(intake, ("anna", "bad"), ("anna", "after"), ("ben", "else"))
        await work.until(lambda: work.ended.count("not bad") == 3 and "else" in work.ended)
        assert "after" not in work.ended
        work.refused.clear()
        await work.until(lambda: "after" in work.ended)
    assert work.ended[-2:] == ["bad", "after"]


async def test_dispatcher_goes_on_after_a_database_outage(sqlite_store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "LOOK_AGAIN_S", 0.01)
    intake, work, beats = Intake(sqlite_store), Work(sqlite_store), []
    here = Dispatch(sqlite_store, intake, work, lambda: ["test"], alive=lambda: beats.append(1))
    async with sqlite_store.begin() as tx:
        await tx.connection.exec_driver_sql("ALTER TABLE inbox RENAME TO inbox_away")
    async with at_work(here.run()):
        await here.idle()
        assert not beats
        async with sqlite_store.begin() as tx:
            await tx.connection.exec_driver_sql("ALTER TABLE inbox_away RENAME TO inbox")
        await say(intake, ("anna", "1"))
        await work.until(lambda: work.ended == ["1"])
        assert beats


async def test_users_take_turns_however_many_messages_others_sent(
    sqlite_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "PARALLEL", 1)
    intake, work = Intake(sqlite_store), Work(sqlite_store)
    flood = [(f"f{who}", f"f{who} {number}") for number in range(20) for who in range(5)]
    await say(intake, *flood)
    work.gates["f0 1"] = asyncio.Event()
    async with at_work(Dispatch(sqlite_store, intake, work, lambda: ["test"]).run()):
        await work.until(lambda: "f0 1" in work.begun)  # each of the five had a turn, the first of them a second one
        await say(intake, ("anna", "quick"), ("ben", "quick as well"))
        work.gates["f0 1"].set()
        await work.until(lambda: "quick as well" in work.ended)
        assert work.ended[6:8] == ["quick", "quick as well"]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), unique_by=lambda one: one[1]), st.data())
def test_waiting_user_is_passed_over_at_most_once_by_each_other_user(
    heads: list[tuple[int, int]], data: st.DataObject
) -> None:
    """A waiting user comes before any other user has had two turns."""
    waiting = [Waiting(seq, "test", f"room {seq}", f"user {user}", 0) for user, seq in heads]
    turns: Turns[tuple[str, str]] = Turns()
    for user in data.draw(st.lists(st.integers(0, 3))):
        turns.had(("test", f"user {user}"))
    served: list[str] = []
    while waiting:
        first = in_turn(waiting, turns.when)[0]
        turns.had((first.channel, first.user_id))
        waiting.remove(first)
        for other in {one.user_id for one in waiting} - {first.user_id}:
            since = served[len(served) - served[::-1].index(other) :] if other in served else served
            assert since.count(first.user_id) <= 1 or other not in served
        served.append(first.user_id)


async def test_conversation_that_another_process_works_on_is_left_to_it(store: Store) -> None:
    intake, work = Intake(store), Work(store)
    await say(intake, ("anna", "1"), ("anna", "2"), ("ben", "b"))
    async with store.begin() as tx:
        await tx.processes.sign("another", "elsewhere", {})
        first, _ = await tx.inbox.waiting(["test"], "another")
        (row,) = await tx.inbox.claim([first.seq], "another")
    async with at_work(Dispatch(store, intake, work, lambda: ["test"]).run()):
        await work.until(lambda: "b" in work.ended)
        assert work.begun == ["b"]
        async with store.begin() as tx:
            assert await tx.inbox.done(row)
        intake.arrived.set()
        await work.until(lambda: "2" in work.ended)
    assert work.ended == ["b", "2"]
