"""Two whole bots on one database: one receives and sends, and no message is lost or sent twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.app import Bot
from bot.incoming.channel_loop import STANDBY
from bot.incoming.intake import Intake
from knowledge_base.store.database import Store
from tests.bot.test_app import Run
from tests.fake_embedder import HashEmbedder
from tests.fakes import PATIENCE_S, FakeChannel, running_bot, settled


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.processes.leadership.STANDBY_S", 0.02)
    monkeypatch.setattr("bot.incoming.channel_loop.LOOK_S", 0.02)


@pytest.fixture
async def shared(store: Store, known: Store) -> Store:
    """A database that both processes use; PostgreSQL has no projects, which makes no difference here."""
    return known if store.is_sqlite else store


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """The state folders of two machines."""
    seen = [tmp_path / "a", tmp_path / "b"]
    for folder in seen:
        folder.mkdir()
    return seen


async def heard(run: Run, problem: str | None) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while ("fake", problem) not in run.heard:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_second_process_takes_over_when_the_first_one_leaves(shared: Store, folders: list[Path]) -> None:
    network, other = FakeChannel(), FakeChannel()
    runs = [Run(shared, [channel], folder) for channel, folder in zip((network, other), folders, strict=True)]
    first = await runs[0].start()
    await heard(runs[0], None)
    second = await runs[1].start()
    await heard(runs[1], STANDBY)
    assert await network.person("anna").says("!hilfe")
    runs[0].stop.set()
    assert await runs[0].ended(first)
    await heard(runs[1], None)
    other = runs[1].bot._channels["fake"]
    assert isinstance(other, FakeChannel)
    other.next_id()  # the network gives no id twice
    assert await other.person("ben").says("!hilfe")
    runs[1].stop.set()
    assert await runs[1].ended(second)


async def test_deposed_leader_accepts_no_messages_until_it_leads_again(shared: Store, tmp_path: Path) -> None:
    channel = FakeChannel()
    async with running_bot(shared, HashEmbedder(), [channel], tmp_path) as bot:
        await channel.person("anna").says("!hilfe")
        async with shared.begin() as tx:
            await tx.processes.leave(bot.leadership.process)
            await tx.processes.sign("another", "elsewhere", {})
            assert await tx.processes.take("fake", "another") == 2
        await bot.leadership.sign()
        with pytest.raises(Exception, match="could not be kept"):
            await channel.hands_over(channel.person("ben").inbound("!hilfe"))
        async with shared.begin() as tx:
            await tx.processes.leave("another")
        async with asyncio.timeout(PATIENCE_S):
            await bot.leadership.gained("fake")
        assert await channel.person("ben").says("!hilfe")


async def test_leader_sends_the_answers_that_another_process_made(shared: Store, folders: list[Path]) -> None:
    """A second process handles messages, and does not send."""

    class Open(FakeChannel):
        received_anywhere = False

    leader, helper = Open(), Open()
    async with running_bot(shared, HashEmbedder(), [leader], folders[0]) as first:
        async with standing_by(shared, helper, folders[1]) as second:
            assert not second.leadership.leads("fake")
            people = [leader.person(f"p{n}") for n in range(20)]
            asked = [person.inbound("!hilfe") for person in people]
            await Intake(shared)("fake", asked)
            first._wake()
            second._wake()
            for message in asked:
                await leader.answer_to(message.id)
            await settled(first)
        assert [leader.answers_to(message.id) for message in asked] == [1] * 20
        assert helper.delivered == []


@asynccontextmanager
async def standing_by(store: Store, channel: FakeChannel, folder: Path) -> AsyncIterator[Bot]:
    """A bot that does not lead, because another bot does."""
    run = Run(store, [channel], folder)
    task = await run.start()
    await heard(run, STANDBY)
    yield run.bot
    run.stop.set()
    await run.ended(task)
