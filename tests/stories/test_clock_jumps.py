"""The machine's clock jumps: no digest is lost or sent twice, no data expire, and no answer waits."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest
from sqlalchemy import select

from bot.app import Bot
from bot.channels.port import TryLaterError
from knowledge_base.codec import to_body
from knowledge_base.digests.schedule import Week
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.database import Store
from knowledge_base.store.subscriptions import ON
from knowledge_base.store.tables import answer, digest_run, page
from tests.fake_embedder import HashEmbedder
from tests.fakes import FakeChannel, running_bot, settled
from tests.machine_clock import MachineClock

MONDAY = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
YEAR, HOUR = timedelta(days=400), timedelta(hours=1)
PEOPLE = 6
DATABASES = ("sqlite", "postgresql")


def each(name: str, values: Sequence[object], more: Sequence[object] = ()) -> pytest.MarkDecorator:
    """Take each value on one of the two databases, in turn; ``make campaign`` the others, and ``more`` on both."""
    turns = [(DATABASES[number % 2], value) for number, value in enumerate(values)]
    others = [case for case in product(DATABASES, (*values, *more)) if case not in turns]
    cases = [*turns, *(pytest.param(*case, marks=pytest.mark.campaign) for case in others)]
    return pytest.mark.parametrize(("database_url", name), cases, indirect=["database_url"])


@dataclass
class Town:
    """A bot with subscribers, on a machine with its own clock."""

    bot: Bot
    store: Store
    channel: FakeChannel
    machine: MachineClock

    async def ticks(self) -> None:
        """The regular work, once."""
        for chore in self.bot._ticker._chores:
            await chore()
        await self.bot._ticker.tick()
        await settled(self.bot)

    async def passes(self, **duration: float) -> None:
        self.machine.passes(**duration)
        await self.ticks()

    async def news(self, name: str) -> None:
        project = Project(id=name, title=name, text="Ein Rufbus.", topics=("Mobilität",), municipality="Cottbus")
        async with self.store.begin() as tx:
            await tx.records.edit(RecordKind.PROJECT, name, to_body(project))

    async def weeks(self) -> Counter[str]:
        """For each week, how many subscriptions have a row."""
        async with self.store.read() as tx:
            return Counter((await tx.connection.scalars(select(digest_run.c.week))).all())

    def got(self) -> Counter[str]:
        """How many digests each conversation got."""
        return Counter(message.address.conversation for message in self.channel.delivered if message.bulk)


@asynccontextmanager
async def running(url: str, machine: MachineClock, folder: Path, channel: FakeChannel) -> AsyncIterator[Town]:
    store = await Store.open(url, clock=machine.process())
    settings = {"admins": "fake:ada", "digests": {"first_send": 0}}
    async with running_bot(store, HashEmbedder(), [channel], folder, **settings) as bot:
        yield Town(bot, store, channel, machine)
    await store.close()


@pytest.fixture
def machine() -> MachineClock:
    return MachineClock()


@pytest.fixture
async def town(database_url: str, machine: MachineClock, channel: FakeChannel, tmp_path: Path) -> AsyncIterator[Town]:
    async with running(database_url, machine, tmp_path, channel) as town:
        async with town.store.begin() as tx:
            for number in range(PEOPLE):
                person = await tx.people.identify("fake", f"p{number}", private_conversation=f"chat-of-p{number}")
                subscription = tx.subscriptions.fresh("fake", person_id=person.id)
                await tx.subscriptions.save(replace(subscription, state=ON, sign_of_life=True))
                await tx.pages.keep(f"hash{number}", kind="i", subject="x", person_id=person.id)
        await channel.person("p0").says("Wer hat einen Rufbus?")
        await town.ticks()
        yield town


@each("off", [YEAR, -YEAR, 3 * 24 * HOUR])
async def test_wrong_clock_for_a_while_deletes_nothing_and_loses_no_digest(town: Town, off: timedelta) -> None:
    town.machine.off = off
    for _ in range(4):
        await town.passes(seconds=10)
    assert not town.got()
    async with town.store.read() as tx:
        assert len((await tx.connection.scalars(select(page.c.token_hash))).all()) == PEOPLE
        assert len((await tx.connection.scalars(select(answer.c.id))).all()) == 1
    town.machine.off = timedelta(0)
    await town.passes(seconds=10)
    for week in range(4):
        await _to(town, MONDAY + timedelta(weeks=week, minutes=1))
        assert set(town.got().values()) == {week + 1}


async def test_digest_due_while_the_clock_is_wrong_is_sent_once_when_it_is_right_again(town: Town) -> None:
    await _to(town, MONDAY - timedelta(minutes=1))
    town.machine.off = YEAR
    await town.passes(minutes=5)
    assert not town.got()
    town.machine.off = timedelta(0)
    await town.passes(seconds=10)
    await town.ticks()
    assert sorted(town.got().values()) == [1] * PEOPLE
    assert await town.weeks() == {str(Week.of(MONDAY.date())): PEOPLE}


async def test_digests_sent_for_wrong_weeks_do_not_replace_those_of_the_real_weeks(town: Town) -> None:
    """The clock was wrong for so long that the bot accepted it; then it is set right."""
    town.machine.off = YEAR
    await town.passes(seconds=10)
    await town.passes(hours=24)
    await town.passes(days=7)
    before = sum(town.got().values())
    assert before, "the wrong week was served"
    town.machine.off = timedelta(0)
    await town.passes(seconds=10)
    await town.passes(hours=24)
    for week in range(1, 4):
        await _to(town, MONDAY + timedelta(weeks=week, minutes=1))
        assert sum(town.got().values()) == before + (week + 1) * PEOPLE, "each real week comes"


@each("off", [-HOUR, -3 * 24 * HOUR, HOUR, 3 * 24 * HOUR, YEAR])
async def test_answer_held_back_by_our_rate_limit_is_sent_once_although_the_clock_jumps(
    town: Town, off: timedelta
) -> None:
    """Our own rate limit holds the answer back for a second while the clock jumps."""
    paced = TryLaterError("rate limit", after=timedelta(seconds=1), paced=True)
    anna = town.channel.person("p0")
    town.channel.faults.extend([paced, paced])
    question = anna.inbound("Wer hat einen Rufbus?")
    await town.channel.hands_over(question)
    await settled(town.bot)
    town.machine.off = off
    town.machine.passes(seconds=2)
    await settled(town.bot)
    town.machine.passes(seconds=2)
    await settled(town.bot)
    assert town.channel.answers_to(question.id) == 1


@each("seed", range(2), range(2, 5))
async def test_each_week_is_sent_exactly_once_however_the_clock_jumps(town: Town, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(40):
        town.machine.off = chance.choice([YEAR, -YEAR, HOUR, -HOUR, *[timedelta(0)] * 3])
        await town.passes(hours=chance.choice([0.01, 1, 6, 20]))
    town.machine.off = timedelta(0)
    await town.passes(seconds=10)
    await town.passes(hours=25)
    weeks = await town.weeks()
    assert set(town.got().values()) == {len(weeks)}, "one message for each week"
    assert set(weeks.values()) == {PEOPLE}
    start = max(town.machine.true, MONDAY)
    monday = datetime.combine(Week.of(start.date()).plus(1).monday, MONDAY.timetz())
    before = town.got()
    await _to(town, monday + timedelta(minutes=1))
    assert town.got() == Counter({one: count + 1 for one, count in before.items()}) or not before


async def _to(town: Town, moment: datetime) -> None:
    """Let the time pass in steps of at most half a day, as when the machine is off overnight."""
    while town.machine.true < moment:
        await town.passes(hours=min(12.0, (moment - town.machine.true) / HOUR))
